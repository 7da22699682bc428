/** What a run reports while it runs: for the terminal's live line, and for who runs it from a program. */
import type { CaseResult, CellResult } from './result.ts';

export type Progress =
  | {
      readonly kind: 'cell-started';
      readonly store: string;
      readonly scenario: string;
      readonly model: string;
      readonly done: number;
      readonly of: number;
    }
  | { readonly kind: 'cell-recorded'; readonly points: number; readonly states: number }
  | { readonly kind: 'state-judged'; readonly done: number; readonly of: number }
  | {
      readonly kind: 'cell-done';
      readonly cell: CellResult;
      /** Those of it that reports may list: its violations, and others. */
      readonly cases: readonly CaseResult[];
      readonly done: number;
      readonly of: number;
    };
