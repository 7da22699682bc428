/**
 * The explanation of a cell under power loss, as its report tells it: the smallest loss that breaks the claim, what would mend it,
 * and which barriers are worth their time.
 */
import type { Bench, Cell, Findings } from '../../check.ts';
import { isViolation } from '../../domain/grade.ts';
import { heldTo } from '../../domain/models.ts';
import type { Site, Trace } from '../../domain/trace.ts';
import type { LossState } from '../../explore/crash-state.ts';
import { oracleFor, type Verdict } from '../../judge/oracle.ts';
import { gradeOf } from '../../judge/outcome.ts';
import { judgeTrees } from '../../judge/states.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import { explainLoss } from './explain/explain-loss.ts';
import type { LossQuestion } from './explain/question.ts';
import type { BarrierUse } from './explain/redundant-barriers.ts';
import type { Landed } from './explain/smallest-loss.ts';
import { type LossWords, lossWords } from './explain/words.ts';
import { lossState } from './loss-states.ts';

export interface Explanation {
  /** The failing case that lost least, if any fails. */
  readonly smallest?: Verdict;
  /** The op that made it visible. */
  readonly landed?: number;
  readonly words: LossWords;
  /** Each fsync of the run, and whether the claim would fall without it. */
  readonly barriers: readonly BarrierUse[];
}

type LossCell = Extract<Cell, { model: 'power-loss' }>;

/** `siteOf`: where in the source an op was asked for. */
export async function explain(
  cell: LossCell,
  bench: Bench,
  found: Findings,
  siteOf: (op: number) => Site | undefined,
): Promise<Explanation> {
  const { trace } = found.recording;
  const oracle = oracleFor(cell, bench.recovery, trace);
  const { unit, failing } = failingIn(cell, found.verdicts);
  const options = { limit: bench.limit, seed: bench.seed, unit };
  const promisedAt = promiseAfterSteps(trace);
  const judge = (states: readonly LossState[]): Promise<readonly Verdict[]> => judgeTrees(cell, bench, oracle, states);
  const question: LossQuestion = {
    trace,
    profile: PROFILES[cell.profile],
    options,
    fails: async (asked) => {
      const states = asked.map(({ state, acknowledged }) => ({ ...lossState(state, unit), promisedAt: promisedAt(acknowledged) }));
      return (await judge(states)).map((verdict) => fails(cell, verdict));
    },
  };
  const explanation = await explainLoss(question, failing);
  const { smallest, redundant } = explanation;
  const words = lossWords(explanation, trace, siteOf);
  if (smallest === undefined) return { words, barriers: redundant.barriers };
  const [verdict] = await judge([lossState(smallest.state, unit)]);
  const landed = opOf(smallest.landed);
  return { ...(verdict && { smallest: verdict }), ...(landed !== undefined && { landed }), words, barriers: redundant.barriers };
}

function fails(cell: LossCell, { outcome }: Verdict): boolean {
  return isViolation(gradeOf(outcome, cell.model), heldTo(cell.store.claims, cell, cell.strict).claim);
}

/** By whole pages if any fails so; else those that fail only where a write was torn. */
function failingIn(cell: LossCell, verdicts: readonly Verdict[]): { readonly unit: Unit; readonly failing: readonly PowerLossState[] } {
  const failing = (unit: Unit): PowerLossState[] =>
    verdicts.flatMap((verdict) => {
      const { state } = verdict;
      return state.how === 'power-lost' && state.unit === unit && fails(cell, verdict) ? [state.loss] : [];
    });
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
