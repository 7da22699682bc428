/** The input of a survey (`child/survey.ts`): a store, and everything that its processes do with it when nothing goes wrong. */
import type { Json } from '../domain/trace.ts';
import type { CellStep } from './cell-file.ts';

export interface SurveyFile {
  /** The bundled store. */
  readonly bundle: string;
  readonly visits: readonly SurveyVisit[];
  /** Takes what it notes of itself, beside what the tracer reports. */
  readonly notes: string;
  /** The harness's directories. */
  readonly own: readonly string[];
}

/** One scenario. */
export interface SurveyVisit {
  /** An existing, empty directory. */
  readonly directory: string;
  readonly steps: readonly CellStep[];
  /** What recovery saves. */
  readonly next: Json;
}
