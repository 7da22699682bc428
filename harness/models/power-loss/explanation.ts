/**
 * The explanation of a cell under power loss: the smallest loss that breaks the claim, what would mend it, and which barriers are worth their
 * time.
 */
import type { RecordedSubject } from '../../bench/subject.ts';
import type { Trace } from '../../domain/trace.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import { type CrashVerdict, crashCase } from '../crash/crash-state.ts';
import type { CrashExploration } from '../crash/explore.ts';
import { violates } from '../held.ts';
import { explainLoss } from './explain/explain-loss.ts';
import type { LossQuestion } from './explain/question.ts';
import type { BarrierUse } from './explain/redundant-barriers.ts';
import type { Landed } from './explain/smallest-loss.ts';
import { type LossWords, lossWords } from './explain/words.ts';
import { type LossSpace, lossState } from './loss-space.ts';

export interface Explanation {
  /** The failing case that lost least, if any fails. */
  readonly smallest?: CrashVerdict;
  /** The op that made it visible. */
  readonly landed?: number;
  readonly words: LossWords;
  /** Each fsync of the run, and whether the claim would fall without it. */
  readonly barriers: readonly BarrierUse[];
}

export async function explainSpace(
  subject: RecordedSubject,
  space: LossSpace,
  verdicts: readonly CrashVerdict[],
  { cell, bench, judge }: CrashExploration,
): Promise<Explanation> {
  const { trace } = subject;
  const breaks = violates(cell);
  const { unit, failing } = failingIn(verdicts.filter(({ outcome }) => breaks(outcome)));
  const { states: limit, seed } = bench.effort;
  const promisedAt = promiseAfterSteps(trace);
  const question: LossQuestion = {
    trace,
    profile: space.profile,
    options: { limit, seed, unit },
    fails: async (asked) => {
      const states = asked.map(({ state, acknowledged }) => ({ ...lossState(state, unit), promisedAt: promisedAt(acknowledged) }));
      const judged = await judge(
        states.map((state) => crashCase(subject, state)),
        { confirm: false }, // what is found in the end is confirmed below
      );
      return judged.verdicts.map(({ outcome }) => breaks(outcome));
    },
  };
  const coverage = unit === 512 ? space.coverage.sectors : space.coverage.pages;
  const enumerated = { trees: space.trees(unit), coverage: coverage?.kind ?? 'sampled' };
  const { smallest, mend, redundant } = await explainLoss(question, enumerated, failing);
  const { sites } = await subject.sites();
  const words = lossWords({ smallest, mend, redundant }, trace, (op) => sites.get(op));
  if (smallest === undefined) return { words, barriers: redundant.barriers };
  const { verdicts: again } = await judge([crashCase(subject, lossState(smallest.state, unit))]);
  const [verdict] = again;
  const landed = opOf(smallest.landed);
  return { ...(verdict && { smallest: verdict }), ...(landed !== undefined && { landed }), words, barriers: redundant.barriers };
}

/** By whole pages if any fails so; else those that fail only where a write was torn. */
function failingIn(verdicts: readonly CrashVerdict[]): { readonly unit: Unit; readonly failing: readonly PowerLossState[] } {
  const failing = (unit: Unit): PowerLossState[] =>
    verdicts.flatMap(({ case: { state } }) => (state.how === 'power-lost' && state.unit === unit ? [state.loss] : []));
  const [pages, sectors] = [failing(4096), failing(512)];
  return pages.length > 0 || sectors.length === 0 ? { unit: 4096, failing: pages } : { unit: 512, failing: sectors };
}

/** The first boundary at which so many steps were acknowledged; -1 for none. */
function promiseAfterSteps({ marks }: Trace): (acknowledged: number) => number {
  const resolved = marks.filter(({ kind }) => kind === 'resolved');
  return (acknowledged) => resolved[acknowledged - 1]?.afterOp ?? -1;
}

function opOf(landed: Landed): number | undefined {
  switch (landed.kind) {
    case 'op':
    case 'part of op':
      return landed.op.index;
    case 'acknowledgement':
      return landed.after?.index;
    case 'start':
      return undefined;
    default:
      return landed satisfies never;
  }
}
