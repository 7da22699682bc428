/**
 * Carries out one race: its ops and events in order, the tree that it left, and how it ended.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawOp } from '../../domain/events.ts';
import { type TimeOf, timesIn } from '../../domain/file-times.ts';
import { canonicalPath } from '../../domain/names.ts';
import { once } from '../../domain/once.ts';
import { type Schedule, type ScheduleEnd, type ScheduleOp, scheduleId, scheduleOf, type TaskEvent } from '../../domain/schedule.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { NameRule, Task, Tree } from '../../domain/trace.ts';
import { scanTree, unspoolTree } from '../../domain/tree.ts';
import { RunTimes } from '../../domain/tree-times.ts';
import { scheduleOpText } from '../../explain/op-text.ts';
import { noteFile, type TaskNote } from '../../protocol/task-file.ts';
import { type Kill, mayChange, type RaceEnd, type RaceEvent, type RaceReport, type RaceRequest } from '../../record/race.ts';
import { learnNames } from '../../record/record.ts';
import type { Recorder } from '../../record/recorder.ts';

/** A race to be run: its schedule, and who is killed at the end of it. */
export interface Planned {
  readonly schedule: Schedule;
  readonly kill?: Kill;
}

export interface Raced {
  readonly end: ScheduleEnd;
  readonly events: readonly RaceEvent[];
  /** The directory before the first op, and after each one. */
  readonly trees: readonly Tree[];
  /** Worked out at the first call. */
  readonly times: () => RunTimes;
  /** One for each event: equal in two races exactly if the same ops and events happened in the same order. */
  readonly lines: readonly string[];
  readonly watched: boolean;
  readonly unmeasured: readonly string[];
}

export interface RaceBench {
  readonly recorder: Recorder;
  readonly prepareRace: (tree: Tree, tasks: readonly Task[]) => Omit<RaceRequest, 'schedule' | 'kill' | 'fresh'>;
  readonly complaint: (directory: string) => string | undefined;
}

export type RunRace = (planned: Planned) => Promise<Raced | NotMeasured>;

/** Attempts at a race that diverges, or loses its recording mark. */
const TRIES = 3;

/** The initial state of each race. */
export interface Start {
  readonly tasks: readonly Task[];
  readonly tree: Tree;
}

interface RaceOptions {
  /** Rules for the names that differ from run to run. */
  readonly names: readonly NameRule[];
  /** Run each race in processes that have done nothing else. */
  readonly fresh: boolean;
}

/** Runs races of these tasks, each in a copy of `tree`. */
export function raceOn(bench: RaceBench, { tasks, tree }: Start, { names, fresh }: RaceOptions): RunRace {
  const contents = new Map<string, Uint8Array>();
  return async (planned) => {
    const { race } = bench.recorder;
    if (race === undefined) throw new Error('this recorder runs no races');
    let last: NotMeasured = { reason: 'not run' };
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const request = bench.prepareRace(tree, tasks);
      const report = await race({ ...request, ...planned, fresh });
      if (report.end.how === 'not-started') {
        const why = bench.complaint(request.directory)?.split('\n')[0] ?? report.end.why;
        last = { reason: `the store's process could not be held before its first step: ${why}` };
      } else if (keepsTo(planned, report.events)) {
        return raced(planned, report, request, { tasks, tree, names, contents });
      } else {
        last = { reason: `nondeterministic: a later run did not follow the schedule ${scheduleId(planned.schedule)}` };
      }
    }
    return last;
  };
}

/** Ends the processes that are kept for further races of these tasks, so that none is alive whose id is in what a race left. */
export async function endRaces(bench: RaceBench, { tasks, tree }: Start): Promise<void> {
  await bench.recorder.endTasks?.(bench.prepareRace(tree, tasks));
}

/** The last task may do no op, if it only waits; then the others continue. Who is to be killed must still be there. */
function keepsTo({ schedule, kill }: Planned, events: readonly RaceEvent[]): boolean {
  if (kill !== undefined && !events.some((event) => event.kind === 'killed')) return false;
  const all = schedule.flatMap(({ task, steps }) => Array.from({ length: steps }, () => task));
  const wanted = kill === undefined ? all.slice(0, -1) : all;
  const done = opsOf(events).map(({ task }) => task);
  return wanted.every((task, index) => done[index] === task);
}

export function opsOf(events: readonly RaceEvent[]): Extract<RaceEvent, { kind: 'op' }>[] {
  return events.filter((event) => event.kind === 'op');
}

interface RaceContext extends Start {
  readonly names: readonly NameRule[];
  /** The files of the spool, as far as they were read. */
  readonly contents: Map<string, Uint8Array>;
}

function raced(
  { schedule, kill }: Planned,
  report: RaceReport,
  { directory, notes, spool }: Pick<RaceRequest, 'directory' | 'notes' | 'spool'>,
  { tasks, tree, names, contents }: RaceContext,
): Raced {
  const { events, end, watched, unmeasured } = report;
  const ops = opsOf(events).map(({ task, op }): ScheduleOp => ({ task, ...named(op, names), changed: mayChange(op) }));
  const trees = [tree];
  for (const { op } of opsOf(events)) trees.push(op.tree === undefined ? (trees.at(-1) ?? tree) : unspoolTree(op.tree, spool, contents));
  const stuck = stuckIn(end, events, tasks);
  const times = once(
    () =>
      new RunTimes(
        opsOf(events).map(({ op: { to, ...op } }) => ({ ...op, ...(to && { to: to.path }) })),
        timesIn(tree),
      ),
  );
  return {
    end: {
      schedule,
      ops,
      events: taskEvents(events, tasks, (file) => noteIn(join(notes, file), directory, names)),
      how: kill === 'all' ? 'crashed' : 'ended',
      ...(typeof kill === 'number' && { killed: kill }),
      tree: scanTree(directory),
      timeOf: timesAfter(times, ops.length),
      ...(names.length > 0 && { names }),
      ...(stuck !== undefined && { stuck }),
    },
    events,
    trees,
    times,
    lines: events.map((event) => inOrder(event, names)),
    watched,
    unmeasured,
  };
}

/** When files were changed that were there after so many ops. */
export const timesAfter =
  (times: Raced['times'], ops: number): TimeOf =>
  (path) =>
    times().at(path, ops) ?? 0;

/** The schedule in which a task goes first, and none is preempted. */
export const goingFirst = (task: number): Planned => ({ schedule: [{ task, steps: 1 }] });

export interface Learnt {
  /** Rules for the names that differ from run to run. */
  readonly names: readonly NameRule[];
  /** The control, with these names. */
  readonly control: Raced;
}

export const keyOf = ({ lines }: Pick<Raced, 'lines'>): string => lines.join('\n');

/** Learns which names differ from run to run, by running twice that a task goes first. */
export async function namesIn(bench: RaceBench, start: Start, first = 0): Promise<Learnt | NotMeasured> {
  const run = raceOn(bench, start, { names: [], fresh: true });
  const [one, other] = await Promise.all([run(goingFirst(first)), run(goingFirst(first))]);
  if (isNotMeasured(one)) return one;
  if (isNotMeasured(other)) return other;
  const [ops, others] = [one, other].map(({ events }) => opsOf(events).map(({ op }) => op));
  const names = learnNames(ops ?? [], others ?? []);
  return { names, control: { ...one, lines: one.events.map((event) => inOrder(event, names)) } };
}

function named({ call, path, to, flags, error }: RawOp, names: readonly NameRule[]): Omit<ScheduleOp, 'task' | 'changed'> {
  return {
    call,
    path: canonicalPath(path, names),
    ...(to && { to: canonicalPath(to.path, names) }),
    ...(flags && { flags }),
    ...(error !== undefined && { error }),
  };
}

function inOrder(event: RaceEvent, names: readonly NameRule[]): string {
  if (event.kind === 'op') return `${event.task} ${scheduleOpText(named(event.op, names))}`;
  return `${event.task} ${event.kind}${'step' in event ? ` ${event.step}` : ''}`;
}

function taskEvents(events: readonly RaceEvent[], tasks: readonly Task[], noteOf: (file: string) => TaskNote): TaskEvent[] {
  let at = 0;
  const taken: TaskEvent[] = [];
  for (const event of events) {
    if (event.kind === 'op') at += 1;
    if (event.kind !== 'began' && event.kind !== 'resolved' && event.kind !== 'rejected') continue;
    const { task, step, kind } = event;
    const planned = tasks[task]?.steps[step];
    const value = kind === 'began' && planned?.kind === 'save' ? { saved: planned.value } : {};
    taken.push({ task, step, kind, at, ...value, ...noteOf(noteFile(task, step, kind)) });
  }
  return taken;
}

function noteIn(file: string, directory: string, names: readonly NameRule[]): TaskNote {
  if (!existsSync(file)) return {};
  const { loaded, error, ...note } = JSON.parse(readFileSync(file, 'utf8')) as TaskNote;
  const alike = (text: string): string =>
    text.replaceAll(directory, '<dir>').replaceAll(/(?<=<dir>\/)[^'"\s]+/g, (path) => canonicalPath(path, names));
  return {
    ...note,
    ...(loaded && { loaded: loaded.kind === 'threw' ? { ...loaded, error: alike(loaded.error) } : loaded }),
    ...(error !== undefined && { error: alike(error) }),
  };
}

/** Why a race did not end. */
function stuckIn(end: RaceEnd, events: readonly RaceEvent[], tasks: readonly Task[]): string | undefined {
  const nameOf = (task: number): string => tasks[task]?.name ?? `task ${task + 1}`;
  if (end.how === 'stuck') return end.waiting.map(({ task, where }) => `${nameOf(task)} waits ${where}`).join(', ');
  if (end.how !== 'timed-out') return undefined;
  const over = new Set(events.flatMap(({ kind, task }) => (kind === 'finished' || kind === 'killed' || kind === 'died' ? [task] : [])));
  const left = [...tasks.keys()].filter((task) => !over.has(task)).map(nameOf);
  return `${left.join(' and ')} did not come to an end within ${end.afterMs / 1000} s`;
}

/** The number of ops of the whole race when a step of a task had settled; undefined if it never did. */
export function stepsUntil(events: readonly RaceEvent[], task: number, step: number): number | undefined {
  const at = events.findIndex(
    (event) => (event.kind === 'resolved' || event.kind === 'rejected') && event.task === task && event.step === step,
  );
  return at < 0 ? undefined : opsOf(events.slice(0, at)).length;
}

/** The schedule of a race up to op `ops`, and then one op of another task. */
export function switchedTo(task: number, { end }: Raced, ops: number): Schedule {
  return scheduleOf([...end.ops.slice(0, ops).map((op) => op.task), task]);
}
