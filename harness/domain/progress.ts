/** What a run reports while it runs: for the terminal's live line, and for who runs it from a program. */
import type { CaseResult, CellResult } from './result.ts';

/** `done` of `of` cells are done. A cell that is reused from an earlier run never starts. */
export interface CellStarted {
  readonly kind: 'cell-started';
  readonly store: string;
  readonly scenario: string;
  /** With its profile, as in `power-loss:xfs`. */
  readonly model: string;
  readonly done: number;
  readonly of: number;
}

export interface CellDone {
  readonly kind: 'cell-done';
  readonly cell: CellResult;
  /** Those of it that reports may list: its violations, and others. */
  readonly cases: readonly CaseResult[];
  readonly done: number;
  readonly of: number;
}

export type Progress =
  | CellStarted
  | { readonly kind: 'cell-recorded'; readonly points: number; readonly states: number }
  | { readonly kind: 'state-judged'; readonly done: number; readonly of: number }
  | CellDone;
