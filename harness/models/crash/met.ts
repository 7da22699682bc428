/** Which kinds of state crashes of a recorded run were in. */
import type { RecordedSubject } from '../../bench/subject.ts';
import type { Met } from '../../domain/met.ts';
import type { CrashState } from './crash-state.ts';

/** Whether a step had begun to change something after `op` ops and was not over, or something promised was not written yet. */
export function isInWork({ trace, steps }: Pick<RecordedSubject, 'trace' | 'steps'>, op: number): boolean {
  const settled = trace.marks.filter(({ afterOp }) => afterOp <= op);
  if (settled.length === steps.length) return isUnwritten({ trace }, op);
  return trace.trees[op] !== trace.trees[settled.at(-1)?.afterOp ?? 0];
}

/** Whether the directory is not yet as it is in the end. */
export const isUnwritten = ({ trace }: Pick<RecordedSubject, 'trace'>, op: number): boolean => trace.trees[op] !== trace.trees.at(-1);

/** Of first crashes. */
export function metByCrashes(subject: RecordedSubject, states: readonly CrashState[]): Met {
  const working = new Map([...new Set(states.map(({ at }) => at.op))].map((op) => [op, isInWork(subject, op)]));
  const count = (is: (state: CrashState) => boolean): number => states.filter(is).length;
  const lost = states.flatMap((state) =>
    state.how === 'power-lost' ? [state.loss.lost.map(({ effect }) => effect.kind === 'names')] : [],
  );
  return {
    'in-work': count(({ at }) => at.bytes !== undefined || working.get(at.op) === true),
    ...(states.some(({ how }) => how === 'killed' || how === 'ended') && { torn: count(({ at }) => at.bytes !== undefined) }),
    ...(lost.length > 0 && {
      'lost-name': lost.filter((names) => names.includes(true)).length,
      'lost-contents': lost.filter((names) => names.includes(false)).length,
    }),
  };
}
