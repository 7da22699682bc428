/** A schedule in words: who did what until another task continued, and what was there then. */

import type { Loaded } from '../../domain/recovery.ts';
import type { CaseResult } from '../../domain/result.ts';
import { type ScheduleEnd, type ScheduleOp, stepsOf, type TaskEvent } from '../../domain/schedule.ts';
import type { Task, Variation } from '../../domain/trace.ts';
import { describeFound } from '../../explain/found.ts';
import { notableFlags, scheduleOpText } from '../../explain/op-text.ts';
import { describeValue } from '../../explain/values.ts';
import { concurrentInWords } from '../../generate/concurrent.ts';
import type { CaseWords, Timeline } from '../model.ts';
import type { ScheduleExplored, ScheduleVerdict } from './schedule-case.ts';

/** Names in these trees are recognised by their form alone. */
export const NO_VARIATION: Variation = { names: [], contents: new Set() };
/** Ops of one task in a row that are all shown. */
const MOST_OPS = 7;
/** Of more, those at the end, which the next task meets. */
const LAST_OPS = 4;

export async function describeSchedule(verdict: ScheduleVerdict): Promise<CaseWords> {
  const { case: one, run, outcome, recovery, promised } = verdict;
  const { end, subject } = one;
  const { tasks, history } = subject;
  const { badLoad } = run.promise;
  const last = end.ops.at(-1);
  const found = badLoad === undefined ? describeFound(outcome, recovery, promised) : loadText(tasks, badLoad.event);
  return {
    end: end.how === 'ended' && end.killed === undefined,
    schedule: blocksOf(end, tasks),
    found: end.stuck ?? found,
    ...(history && { history: concurrentInWords(history) }),
    ...(end.killed !== undefined && { killed: tasks[end.killed]?.name ?? '' }),
    ...(last && end.how === 'crashed' && { after: { index: end.ops.length, text: scheduleOpText(last) } }),
  };
}

export async function scheduleTimeline({ case: { end, subject } }: ScheduleVerdict): Promise<Timeline> {
  return { kind: 'schedule', end, tasks: subject.tasks };
}

/** The minimal one, and the shortest of each other kind: its outcome, and whether something crashed, was killed, or nothing did. */
export function shortestOfEachKind(
  { verdicts, minimal }: ScheduleExplored,
  isShown: (verdict: ScheduleVerdict) => boolean,
): readonly ScheduleVerdict[] {
  const shown = new Map<string, ScheduleVerdict>();
  for (const verdict of [...(minimal === undefined ? [] : [minimal]), ...verdicts]) {
    if (!isShown(verdict)) continue;
    const { outcome, run, case: one } = verdict;
    const key = `${outcome} ${one.end.how} ${one.end.killed === undefined} ${run.promise.badLoad === undefined}`;
    const known = shown.get(key);
    if (known === undefined || (known !== minimal && isShorter(one.end, known.case.end))) shown.set(key, verdict);
  }
  return [...shown.values()];
}

function isShorter(one: ScheduleEnd, other: ScheduleEnd): boolean {
  const turns = one.schedule.length - other.schedule.length;
  return turns === 0 ? one.ops.length < other.ops.length : turns < 0;
}

export const stepsIn = ({ schedule }: ScheduleEnd): number => stepsOf(schedule);

function loadText(tasks: readonly Task[], { task, loaded }: TaskEvent): string {
  return `${loadedText(loaded)} in the load of ${tasks[task]?.name}`;
}

function loadedText(loaded: Loaded | undefined): string {
  if (loaded?.kind === 'loaded') return describeValue(loaded.value);
  return loaded?.kind === 'threw' ? `threw ${loaded.error}` : (loaded?.kind ?? 'nothing');
}

/**
 * Who did what, in order: the ops of a task in a row. For a load, what it returned stands in place of its ops. For other calls, the ops that
 * changed something and what an update read. For a run that never ended, all ops.
 * @internal
 */
export function blocksOf(end: ScheduleEnd, tasks: readonly Task[]): NonNullable<CaseResult['schedule']> {
  const blocks: { task: number; ops: string[] }[] = [];
  const add = (task: number, text: string): void => {
    const last = blocks.at(-1);
    if (last?.task === task) last.ops.push(text);
    else blocks.push({ task, ops: [text] });
  };
  const events = [...end.events];
  const steps = new Map<number, number>();
  /** Tasks of whose step nothing is shown yet. */
  const quiet = new Set<number>();
  const addEvents = (at: number): void => {
    for (let event = events[0]; event !== undefined && event.at <= at; event = events[0]) {
      events.shift();
      const kind = tasks[event.task]?.steps[event.step]?.kind;
      if (event.kind === 'began') {
        steps.set(event.task, event.step);
        quiet.add(event.task);
        if (kind === 'save-loaded') add(event.task, `save ${describeValue(event.saved)}`);
      } else if (kind === 'load') add(event.task, `load -> ${loadedText(event.loaded)}`);
      else if (event.kind === 'rejected') add(event.task, `${kind} failed: ${event.error}`);
      else if (quiet.has(event.task)) add(event.task, `${kind} resolved, and changed nothing`);
    }
  };
  const { killed } = end;
  const killedAfter = stepsIn(end);
  for (const [index, op] of end.ops.entries()) {
    const { task, changed } = op;
    if (killed !== undefined && index === killedAfter) add(killed, 'killed');
    addEvents(index);
    const step = tasks[task]?.steps[steps.get(task) ?? 0];
    if (step?.kind === 'load') continue;
    if (changed || end.stuck !== undefined || (step?.kind === 'update' && reads(op))) {
      quiet.delete(task);
      add(task, scheduleOpText(op));
    }
  }
  addEvents(end.ops.length);
  if (killed !== undefined && end.ops.length <= killedAfter) add(killed, 'killed');
  return blocks.map(({ task, ops }) => ({ task: tasks[task]?.name ?? '', ops: shortened(ops) }));
}

/** `open, write a.tmp` for two ops on one file; how it was opened is left to the timeline. Long blocks are cut in the middle. */
function shortened(texts: readonly string[]): string[] {
  const ops: { calls: string[]; rest: string }[] = [];
  for (const text of texts) {
    const [, call = text, rest = ''] = /^([a-z]+) (.*?)(?: \([a-z, ]+\))?$/.exec(text) ?? [];
    const last = ops.at(-1);
    if (last !== undefined && rest !== '' && last.rest === rest && MERGED.has(call)) last.calls.push(call);
    else ops.push({ calls: [call], rest });
  }
  const lines = ops.map(({ calls, rest }) => `${calls.join(', ')}${rest === '' ? '' : ` ${rest}`}`);
  if (lines.length <= MOST_OPS) return lines;
  return [...lines.slice(0, MOST_OPS - LAST_OPS - 1), `… ${lines.length - MOST_OPS + 1} more`, ...lines.slice(-LAST_OPS)];
}

/** What an update does with what it read depends on when it read it. */
function reads({ call, path, flags }: ScheduleOp): boolean {
  return (call === 'open' || call === 'read') && path !== '.' && !path.startsWith('/') && notableFlags(flags).length === 0;
}
/** Calls on what was opened before. */
const MERGED: ReadonlySet<string> = new Set(['read', 'write', 'truncate', 'copy', 'chmod', 'utimes']);
