/** What a run reports while it runs, for the terminal's live line. */
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
  | { readonly kind: 'cell-done'; readonly done: number; readonly of: number; readonly violations: number };
