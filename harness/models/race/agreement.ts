/**
 * Holds races of real processes against the same tasks on the fake file system, each task in a process of its own there too. An order that
 * fails on the fake is run with real processes, and what fails with real processes must fail in some order on the fake.
 */
import type { TasksSubject } from '../../bench/subject.ts';
import { type ScheduleOp, scheduleId } from '../../domain/schedule.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { isLoss } from '../../judge/outcome.ts';
import type { InterleavedEnd } from '../../protocol/interleave.ts';
import type { Exploration } from '../model.ts';
import type { ScheduleCase, ScheduleRun, ScheduleVerdict } from '../schedule/schedule-case.ts';
import { agreement, realSteps } from './agree.ts';
import type { NamedRace } from './race-id.ts';
import type { Planned } from './raced.ts';

/** Runs on the fake: enough for orders with one preemption, which come first. */
const RUNS = 300;

export type RaceExploration = Exploration<ScheduleCase, ScheduleRun, NamedRace>;

type Race = (planned: Planned) => Promise<ScheduleVerdict | NotMeasured>;

/** On what the two disagree, in words. A store that does not run on the fake is not held against it. */
export async function disagreements(
  { before, tasks }: TasksSubject,
  { cell: { store }, bench }: RaceExploration,
  verdicts: readonly ScheduleVerdict[],
  race: Race,
): Promise<readonly string[]> {
  if (store.kind === 'command') return [];
  const bundle = await bench.fake.bundle();
  if (typeof bundle !== 'string') return [];
  const options = oracleOptions(bench);
  const limits = { runs: RUNS, samples: 0, seed: bench.effort.seed };
  const answer = await bench.fake.run({ bundle, now: Date.now(), before, plays: [tasks], instances: 'own', ...limits, ...options });
  if (answer.kind !== 'interleaved') return [`not held against the fake file system: ${answer.reason}`];
  const unkilled = verdicts.filter(({ case: { end } }) => end.how === 'ended' && end.killed === undefined);
  const fails = (answer.results[0]?.ends ?? []).filter(({ end, outcome }) => end.how === 'ended' && isLoss(outcome));
  const notes = await Promise.all(fails.map((fail) => oneFailure(fail, unkilled, race)));
  const onFake = new Set(fails.map(({ outcome }) => outcome));
  const onlyReal = unkilled.find(({ outcome }) => isLoss(outcome) && !onFake.has(outcome));
  if (onlyReal !== undefined && answer.results[0]?.kind === 'exhaustive')
    notes.push([`fake and real disagree on ${scheduleId(onlyReal.case.end.schedule)}: no order on the fake ends ${onlyReal.outcome}`]);
  return notes.flat();
}

/** Runs what fails on the fake with real processes, up to its first switch as there. */
async function oneFailure({ end, outcome }: InterleavedEnd, verdicts: readonly ScheduleVerdict[], race: Race): Promise<string[]> {
  const block = leading(end.ops);
  const [task, other] = [block[0]?.task, end.ops[block.length]?.task];
  if (task === undefined || other === undefined) return [];
  const ends = verdicts.map((verdict) => verdict.case.end);
  const alone = ends.find(({ schedule }) => schedule.length === 1 && schedule[0]?.task === task && schedule[0].steps === 1);
  const steps = alone && realSteps(block, leading(alone.ops));
  const id = scheduleId(end.schedule);
  if (steps === undefined) return [`fake and real disagree on ${id}: real processes do other ops`];
  const planned: Planned = {
    schedule: [
      { task, steps },
      { task: other, steps: 1 },
    ],
  };
  const known = verdicts.find((verdict) => scheduleId(verdict.case.end.schedule) === scheduleId(planned.schedule));
  const real = known ?? (await race(planned));
  if (isNotMeasured(real)) return [];
  return [...agreement(new Map([[id, { end: real.case.end, outcome: real.outcome }]]), new Map([[id, { end, outcome }]])).notes];
}

function leading(ops: readonly ScheduleOp[]): readonly ScheduleOp[] {
  const end = ops.findIndex(({ task }) => task !== ops[0]?.task);
  return end < 0 ? ops : ops.slice(0, end);
}
