/**
 * From what was found in orders of ops to a cell's lines in the report, for the fake file system and for real processes alike: who did what
 * until another one went on, and what was there then.
 */
import { cellName, type ScheduleCell } from '../check.ts';
import { isViolation } from '../domain/grade.ts';
import type { Loaded } from '../domain/recovery.ts';
import type { CaseResult, CellResult } from '../domain/result.ts';
import { type ScheduleEnd, scheduleId, TASK_LETTERS, type TaskEvent } from '../domain/schedule.ts';
import type { Outcome } from '../domain/store.ts';
import type { Task, Variation } from '../domain/trace.ts';
import { treeKey } from '../domain/tree.ts';
import { gradeOf } from '../judge/outcome.ts';
import { scheduleDetail } from '../models/interleaving/coding.ts';
import { concurrentInWords, tasksOf } from '../models/interleaving/histories.ts';
import type { ScheduleFindings, ScheduleVerdict } from '../models/interleaving/schedule-findings.ts';
import { type CellOptions, type CheckedCell, filesIn, headOf } from './cell-result.ts';
import { describeFound } from './found.ts';
import { describePromised, describeValue } from './values.ts';

/** The names in these trees are told apart by their form alone. */
const NO_VARIATION: Variation = { names: [], contents: new Set() };
/** Ops of one task in a row that are all told. */
const MOST_OPS = 7;
/** Of more, those at the end, which the next task meets. */
const LAST_OPS = 4;

export function scheduleResult(cell: ScheduleCell, found: ScheduleFindings, options: CellOptions): CheckedCell {
  const outcomes = Object.keys(found.outcomes) as Outcome[]; // its keys are outcomes
  const head = headOf(cell, outcomes, found.doubts ?? []);
  const { claim } = head;
  const count = (wanted: (outcome: Outcome) => boolean): number =>
    outcomes.filter(wanted).reduce((sum, outcome) => sum + (found.outcomes[outcome] ?? 0), 0);
  const { kind: reach, tried, distinct, crashes, bound } = found;
  const stops = cell.model === 'race' ? { crashes: 0, kills: crashes } : { crashes, kills: 0 };
  const telling = options.allCases ? found.verdicts : tellingOf(found, ({ outcome }) => isViolation(gradeOf(outcome, cell.model), claim));
  return {
    cell: {
      ...head,
      points: tried,
      states: count(() => true),
      distinct: found.trees ?? new Set(found.verdicts.map(({ end }) => treeKey(end.tree))).size,
      violations: count((outcome) => isViolation(gradeOf(outcome, cell.model), claim)),
      outcomes: found.outcomes as CellResult['outcomes'],
      tried: { kind: 'schedules', reach, tried, distinct, ...stops, ...(bound !== undefined && { bound }) },
      ...(found.histories !== undefined && { histories: { tried: found.histories, segments: 1 } }),
      picture: '',
      notes: [...found.notes],
      durationMs: options.durationMs,
    },
    cases: telling.map((verdict) => caseOf(cell, verdict, claim, options)),
  };
}

/** The minimal one, and the shortest of each other kind: its outcome, and whether something crashed, was killed, or nothing did. */
function tellingOf({ verdicts, minimal }: ScheduleFindings, isTold: (verdict: ScheduleVerdict) => boolean): readonly ScheduleVerdict[] {
  const telling = new Map<string, ScheduleVerdict>();
  for (const verdict of [...(minimal === undefined ? [] : [minimal]), ...verdicts]) {
    if (!isTold(verdict)) continue;
    const { end, outcome, promise } = verdict;
    const key = `${outcome} ${end.how} ${end.killed === undefined} ${promise.badLoad === undefined}`;
    const known = telling.get(key);
    if (known === undefined || (known !== minimal && isShorter(end, known.end))) telling.set(key, verdict);
  }
  return [...telling.values()];
}

function isShorter(one: ScheduleEnd, other: ScheduleEnd): boolean {
  const turns = one.schedule.length - other.schedule.length;
  return turns === 0 ? one.ops.length < other.ops.length : turns < 0;
}

function caseOf(cell: ScheduleCell, verdict: ScheduleVerdict, claim: CellResult['claim'], options: CellOptions): CaseResult {
  const { end, outcome, recovery, promise } = verdict;
  const { history } = verdict;
  const tasks = history === undefined ? (cell.scenario.tasks ?? []) : tasksOf(history);
  const id = `${cellName(cell)}${endId(verdict)}`;
  const grade = gradeOf(outcome, cell.model);
  const last = end.ops.at(-1);
  const { badLoad } = promise;
  const found = badLoad === undefined ? describeFound(outcome, recovery, promise.promised) : loadText(tasks, badLoad.event);
  return {
    id,
    outcome,
    grade,
    violation: isViolation(grade, claim),
    end: end.how === 'ended' && end.killed === undefined,
    schedule: blocksOf(end, tasks),
    ...(history && { history: concurrentInWords(history) }),
    found: end.stuck ?? found,
    promised: describePromised(promise.promised),
    onDisk: filesIn(end.tree, NO_VARIATION),
    lost: [],
    replay: options.replay(id),
    ...(end.killed !== undefined && { killed: tasks[end.killed]?.name ?? '' }),
    ...(last && end.how === 'crashed' && { after: { index: end.ops.length, text: last.text } }),
  };
}

const stepsOf = ({ schedule }: ScheduleEnd): number => schedule.reduce((sum, { steps }) => sum + steps, 0);

/** What an id says of an end, after the name of its cell. */
function endId({ end, history }: ScheduleVerdict): string {
  const { schedule, ops, how, killed } = end;
  // In a race the schedule is where it was interfered with; how many ops come after that may be a matter of time.
  const steps = stepsOf(end);
  if (killed !== undefined) return `@${steps}~${scheduleId(schedule)}~kill=${TASK_LETTERS[killed]}`;
  const detail = scheduleDetail({ schedule, ...(how === 'crashed' && { crashAfter: ops.length }), ...(history && { history }) });
  return `@${how === 'crashed' ? ops.length : steps}~${detail}`;
}

function loadText(tasks: readonly Task[], { task, loaded }: TaskEvent): string {
  return `${loadedText(loaded)} in the load of ${tasks[task]?.name}`;
}

function loadedText(loaded: Loaded | undefined): string {
  if (loaded?.kind === 'loaded') return describeValue(loaded.value);
  return loaded?.kind === 'threw' ? `threw ${loaded.error}` : (loaded?.kind ?? 'nothing');
}

/**
 * Who did what, in order: the ops of a task in a row. Of a load what it returned is told instead of its ops; of the other calls the ops
 * that changed something, and what an update read; all ops of a run that never ended.
 */
export function blocksOf(end: ScheduleEnd, tasks: readonly Task[]): NonNullable<CaseResult['schedule']> {
  const blocks: { task: number; ops: string[] }[] = [];
  const tell = (task: number, text: string): void => {
    const last = blocks.at(-1);
    if (last?.task === task) last.ops.push(text);
    else blocks.push({ task, ops: [text] });
  };
  const events = [...end.events];
  const steps = new Map<number, number>();
  const tellEvents = (at: number): void => {
    for (let event = events[0]; event !== undefined && event.at <= at; event = events[0]) {
      events.shift();
      const kind = tasks[event.task]?.steps[event.step]?.kind;
      if (event.kind === 'began') {
        steps.set(event.task, event.step);
        if (kind === 'save-loaded') tell(event.task, `save ${describeValue(event.saved)}`);
      } else if (kind === 'load') tell(event.task, `load -> ${loadedText(event.loaded)}`);
      else if (event.kind === 'rejected') tell(event.task, `${kind} failed: ${event.error}`);
    }
  };
  const { killed } = end;
  const killedAfter = stepsOf(end);
  for (const [index, { task, text, changed }] of end.ops.entries()) {
    if (killed !== undefined && index === killedAfter) tell(killed, 'killed');
    tellEvents(index);
    const step = tasks[task]?.steps[steps.get(task) ?? 0];
    if (step?.kind === 'load') continue;
    if (changed || end.stuck !== undefined || (step?.kind === 'update' && READS.test(text))) tell(task, text);
  }
  tellEvents(end.ops.length);
  if (killed !== undefined && end.ops.length <= killedAfter) tell(killed, 'killed');
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

/** What an update does with what it read is told by when it read it. */
const READS = /^(?:open|read) (?!\.$|\/)[^(]*$/;
/** Calls on what was opened before. */
const MERGED: ReadonlySet<string> = new Set(['read', 'write', 'truncate', 'copy', 'chmod', 'utimes']);
