import type { Colors } from './colors.ts';

/** What a report may know of the place where it is shown. */
export interface Look {
  /** Width of the window, in characters. */
  readonly columns: number;
  readonly colors: boolean | Colors;
}
