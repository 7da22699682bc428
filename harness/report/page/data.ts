/** What the page is made of: `page-data.ts` packs it, the browser unpacks it. */
import type { CaseEvidence, Evidence } from '../../domain/evidence.ts';
import type { CaseResult, Cause, CellResult } from '../../domain/result.ts';

/** What is there as soon as the page opens. Cases are in chunks, and come when they are asked for. */
export interface PageHead {
  readonly run: readonly string[];
  readonly summary: readonly string[];
  readonly verdict: { readonly words: string; readonly tone: 'good' | 'unproven' | 'bad' };
  readonly causes: readonly PageCause[];
  readonly cells: readonly PageCell[];
  /** The sources that are in the page; they are unpacked when one is shown. */
  readonly files: readonly string[];
}

export interface PageCause extends Cause {
  /** For each model where it shows: `power-loss on ext4, xfs in replace`. */
  readonly reach: readonly string[];
  readonly plainest?: CaseResult;
}

export interface PageCell extends CellResult {
  /** What its case ids have before the `@`. */
  readonly id: string;
  /** `power-loss:xfs` */
  readonly variant: string;
  /** The model's word for its crash: `killed`. */
  readonly crashed: string;
  /** `durable`, `lossy: empty` */
  readonly words: string;
  /** Where its cases are: those below the claim, and those that held. */
  readonly bad: readonly Part[];
  readonly held: readonly Part[];
  /** The number of its evidence, which cells of one store and scenario share; absent where none was kept. */
  readonly evidence?: number;
}

/** A stretch of cases in a chunk. */
export interface Part {
  readonly chunk: number;
  readonly from: number;
  readonly count: number;
}

export interface PageCase extends CaseResult {
  /** The place of its cause in the list of them. */
  readonly cause?: number;
  /** What is shown of it beside words, by the ids of its cell's evidence. */
  readonly shown?: CaseEvidence;
}

/** What the cases of one store and scenario have to show. */
export type PageEvidence = Omit<Evidence, 'cases' | 'sources'>;
export type PageSources = Evidence['sources'];

/** The type of the elements that hold data: no browser runs them. */
export const DATA_TYPE = 'application/octet-stream+base64';

export const HEAD_ID = 'data-head';

export const chunkId = (chunk: number): string => `data-cases-${chunk}`;

export const evidenceId = (evidence: number): string => `data-evidence-${evidence}`;

export const SOURCES_ID = 'data-sources';
