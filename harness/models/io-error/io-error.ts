/**
 * Failing calls as a model: every fault of a recorded run, each in a run of its own, and what became of the store.
 *
 * Allows   each op to fail with each errno that it can return; reads, writes and copies cut short; a disk that is full from an op on; and, on
 *          each way that a store takes after such a fault, each op of that way to fail too. A fault may last: see `lasting-faults.ts`.
 *          A crash may follow a fault that the store answers in its own way: see `crash-after.ts`.
 * Forbids  a third fault. When the steps have settled nothing fails any more: what does not work then does not work.
 * Real     the calls fail for real, in a child that lives on.
 */

import { OUTCOMES, type Outcome, worstOutcome } from '../../domain/outcomes.ts';
import { historyName, parseHistoryDetail } from '../../generate/history.ts';
import { firstFaultyOp } from '../../record/fault.ts';
import { recordedOrIdle } from '../crash/subjects.ts';
import { type Letter, type Model, onlyRecorded, opsWithSites, recordedOf } from '../model.ts';
import { blameFault } from './blame.ts';
import type { CrashModels } from './crash-after.ts';
import { describeFault, faultOf } from './describe.ts';
import { carryOutFaults, exploreFaults, type FaultExplored, faultsOf, type NamedFault } from './explore.ts';
import { faultId, parseFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { opOf } from './fsync-faults.ts';
import { exploreFaultHistories, faultHistories, shrinkFaultHistories } from './histories.ts';
import type { FaultVerdict, FaultyCase } from './trial.ts';

/** Letters of ops at which nothing was tried, and at which something was and could not be judged. */
const NOT_TRIED = '.';
const DOUBT = '?';

function readFault(op: number, detail: string, profile: string | undefined): NamedFault | undefined {
  const drawn = parseHistoryDetail(detail);
  const fault = parseFault(op, drawn?.rest ?? detail, profile === 'windows' ? 'windows' : undefined);
  return fault && { fault, ...(drawn && { history: drawn.history }) };
}

function writeFault({ fails, subject: { history } }: FaultyCase): string {
  const id = faultId(faultOf(fails));
  return history === undefined ? id : id.replace(/@(\d+)~/, (_, op: string) => `@${op}~${historyName(history.steps)}~`);
}

/** `crashes`: the models whose crashes follow a fault. */
export const ioErrorThen = (crashes: CrashModels): Model<FaultyCase, FaultyRun, NamedFault, FaultExplored> => ({
  name: 'io-error',
  tries: 'faults',
  profiles: [
    { gates: true, byDefault: true, lossesPerSecond: 0.05, seconds: 9, historiesSeconds: 40 },
    { name: 'windows', gates: false, byDefault: false },
  ],
  words: {
    help: 'each call fails in turn, with each error that it can return; `io-error:windows` refuses calls by the rules of Windows',
    report: () => 'each of its calls failed in turn',
    crashed: 'failed',
  },
  claim: { byDefault: 'durable', staleIs: 'lossy' },
  appliesTo: ({ tasks }) => tasks === undefined,
  missing: () => undefined,
  id: { write: writeFault, read: readFault },

  /** Single faults; the run by the rules of Windows is known only once it was made, and so is the last call of a history. */
  listed: (subject, cell) => {
    const { trace, history } = recordedOf(subject);
    if (cell.profile !== undefined || history !== undefined) return [];
    return faultsOf(trace, cell).map((fault) => faultId({ kind: 'faults', faults: [fault] }));
  },

  subjects: async (_cell, bench, only) =>
    bench.scenario.histories ? faultHistories(bench, only) : recordedOrIdle(bench, { losing: false }),

  explore: async (subjects, exploration) => {
    if (exploration.cell.scenario.histories) return exploreFaultHistories(subjects.map(recordedOf), exploration, crashes);
    return exploreFaults(onlyRecorded(subjects), exploration, crashes);
  },

  carryOut: (cases, bench, _cell, onDone) => carryOutFaults(cases, bench, onDone),

  explain: async (explored, exploration) => (exploration.cell.scenario.histories ? shrinkFaultHistories(explored, exploration) : explored),

  picture: ({ cell, explored }) => (cell.scenario.histories ? [] : lettersOf(explored)),

  selected: ({ explored: { verdicts } }, isViolation, all) => (all ? verdicts : firstOfEach(verdicts.filter(isViolation))),

  describe: describeFault,
  blame: blameFault,
  variation: ({ case: { subject } }) => subject.trace.variation,

  timeline: async ({ case: { subject, fails, left }, run: { trace, faults } }) => {
    // After the fault the run is another than the one whose lines are known.
    const known = firstFaultyOp(faults) ?? trace.ops.length;
    const ops = (await opsWithSites(subject, trace)).map((op, index) => (index < known ? op : (trace.ops[index] ?? op)));
    const { marks, trees } = trace;
    const at = left === undefined ? ops.length : left.boundary;
    const crash = fails.kind !== 'then-crash' ? undefined : fails.crash.how === 'kill' ? 'killed here' : 'the power went here';
    return { kind: 'ops', parts: [{ ops, marks, trees, steps: subject.steps, at: { op: at }, ...(crash && { crash }) }] };
  },
});

/** One letter for each op: the worst that comes of its failing, alone or first of two. */
function lettersOf({ verdicts, unmeasured, trials }: FaultExplored): Letter[] {
  const at = new Map<number, Outcome[]>();
  for (const {
    case: { fails },
    outcome,
  } of verdicts)
    at.set(opOf(fails), [...(at.get(opOf(fails)) ?? []), outcome]);
  const doubted = new Set(unmeasured.map(({ case: { fails } }) => opOf(fails)));
  return (trials[0]?.subject.trace.ops ?? []).map(({ index }) => {
    const worst = worstOutcome(at.get(index) ?? []);
    const letter = worst === undefined ? (doubted.has(index) ? DOUBT : NOT_TRIED) : OUTCOMES[worst].letter;
    return { letter, folded: false };
  });
}

/** One case for each outcome at each op, and one where a crash followed: the first. */
function firstOfEach(verdicts: readonly FaultVerdict[]): readonly FaultVerdict[] {
  const first = new Map<string, FaultVerdict>();
  for (const verdict of verdicts) {
    const { fails } = verdict.case;
    const key = `${verdict.outcome} ${opOf(fails)}${fails.kind === 'then-crash' ? ' and a crash' : ''}`;
    if (!first.has(key)) first.set(key, verdict);
  }
  return [...first.values()];
}
