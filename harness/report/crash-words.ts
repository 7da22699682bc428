/** Where a crash came, as a label. */
import type { CaseResult } from '../domain/result.ts';

export type Crash = Pick<CaseResult, 'after' | 'inside' | 'end'>;

/** `killed after op 4`, `power lost inside op 4`. `crashed`: the model's word. */
export function crashLabel({ after, inside, end }: Crash, crashed: string): string {
  if (end) return 'no kill, after the end';
  if (after === undefined) return `${crashed} before op 1`;
  return inside === undefined ? `${crashed} after op ${after.index}` : `${crashed} inside op ${after.index}`;
}
