/** The independent proof that a loss is not too large: tries each op of it. */
import { NoSuchCase } from '../../../../harness/domain/errors.ts';
import { acknowledgedAt } from '../../../../harness/judge/promise.ts';
import { rebuild } from '../../../../harness/persistence/power-loss.ts';
import type { PowerLossState } from '../../../../harness/persistence/state.ts';
import type { TestCell } from './cell.ts';

/** Whether one of the ops that a state lost could be on disk, the others still lost, and it would fail as well. */
export function canPutBack({ question, isBelow }: TestCell, { boundary, lost }: PowerLossState): boolean {
  const { trace, profile } = question;
  return [...new Set(lost.map(({ op }) => op))].some((back) => {
    const rest = lost.filter(({ op }) => op !== back).map(({ op, part }) => `${op.index}.${part}`);
    try {
      const tree = rebuild(trace, profile, boundary, rest.length === 0 ? '' : `lost=${rest.join('+')}`);
      return isBelow(tree, acknowledgedAt(trace, boundary));
    } catch (error) {
      if (error instanceof NoSuchCase) return false;
      throw error;
    }
  });
}
