/** Races of small stores that are written down as text, and of built-in ones. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../../harness/bench/bench.ts';
import { openBenches } from '../../harness/bench/open-benches.ts';
import type { ScheduleCell } from '../../harness/check.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import { type Schedule, scheduleId } from '../../harness/domain/schedule.ts';
import type { Json, Step, Task, TaskStep, Tree } from '../../harness/domain/trace.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openWorkspace } from '../../harness/machine/workspace.ts';
import type { ScheduleFindings } from '../../harness/models/interleaving/schedule-findings.ts';
import { type Planned, type Raced, raceOn } from '../../harness/models/race/raced.ts';
import { checkRace } from '../../harness/models/race/races.ts';
import type { ScheduleVerdict } from '../../harness/models/schedule/schedule-case.ts';
import { startPtraceRecorder } from '../../harness/record/ptrace/recorder.ts';
import type { Recorder } from '../../harness/record/recorder.ts';
import { TRACED_BY } from '../record/ptrace/tracing.ts';
import { temporaryDirectory } from './temporary.ts';

const installation = findInstallation(import.meta.url);

export const A = { name: 'A' };
export const B = { name: 'B' };
export const C = { name: 'C', more: 'than the others have' };

export const save = (value: Json): Step => ({ kind: 'save', value });
export const update = (add: { readonly [key: string]: Json }): Step => ({ kind: 'update', add });
const READ: readonly TaskStep[] = [{ kind: 'load' }, { kind: 'save-loaded' }];

export const TWO_SAVERS: readonly Task[] = [
  { name: 'saver A', steps: [save(B)] },
  { name: 'saver B', steps: [save(C)] },
];
export const TWO_UPDATERS: readonly Task[] = [
  { name: 'updater A', steps: [update({ b: 1 })] },
  { name: 'updater B', steps: [update({ c: 1 })] },
];
export const READER_WHILE_SAVING: readonly Task[] = [
  { name: 'saver', steps: [save(B)] },
  { name: 'reader', steps: READ },
];

/** The functions of a store, in which `fs`, `fsp` and `at(dir, name)` are known. */
export interface RacingStore {
  /** What comes before the functions. */
  readonly top?: string;
  readonly save: string;
  readonly load?: string;
  readonly update?: string;
}

/** A file that is read as a value; nothing, where there is none. */
export const LOAD = `try { return JSON.parse(fs.readFileSync(at(dir, 'live'), 'utf8')); } catch (error) { if (error.code === 'ENOENT') return {}; throw error; }`;

export interface RaceLab {
  readonly recorder: Recorder;
  /** All races of these tasks, or one of them. Throws where they could not be run. */
  check(
    store: RacingStore,
    tasks: readonly Task[],
    options?: { readonly timeoutMs?: number; readonly bound?: number; readonly named?: Planned; readonly fake?: boolean },
  ): Promise<ScheduleFindings>;
  /** One race, on a directory with A in `live`. */
  race(
    store: RacingStore,
    tasks: readonly Task[],
    planned: Planned,
    options?: { readonly fresh?: boolean; readonly timeoutMs?: number },
  ): Promise<Raced>;
  close(): Promise<void>;
}

export async function openRaceLab(inFlight = 4): Promise<RaceLab> {
  const below = temporaryDirectory();
  const workspace = openWorkspace(below, process.pid);
  const env = { PATH: process.env.PATH ?? '', [TRACED_BY.name]: TRACED_BY.value };
  const recorder = await startPtraceRecorder({ inFlight, tracer: installation.tracer, cwd: installation.root, env });
  const cwd = installation.root;
  const open: (() => Promise<void>)[] = [];
  let count = 0;
  const cells = new Map<string, ReturnType<typeof makeCell>>();
  const makeCell = async (
    { top = '', save: body, load = LOAD, update: change }: RacingStore,
    tasks: readonly Task[],
    { timeoutMs = 10_000, bound = 1 }: { readonly timeoutMs?: number; readonly bound?: number },
  ): Promise<{ readonly cell: ScheduleCell; readonly bench: Bench }> => {
    count += 1;
    const bundle = join(below, `${count}.cjs`);
    writeFileSync(
      bundle,
      `'use strict';
const fs = require('node:fs'), fsp = fs.promises, path = require('node:path');
const at = path.join;
${top}
module.exports = {
  save: async (dir, value) => { ${body} },
  load: (dir) => { ${load} },
  ${change === undefined ? '' : `update: async (dir, change) => { ${change} },`}
};\n`,
    );
    const scenario = { name: `race-${count}`, catches: '', before: [save(A)], steps: [], tasks, next: { next: 1 } };
    const store: LoadedStore = {
      name: `store-${count}`,
      argument: bundle,
      bundle,
      kind: 'module',
      hasUpdate: change !== undefined,
      empty: {},
      claims: {},
      knownBugs: {},
      scenarios: [scenario],
      env: {},
    };
    const common = { installation, workspace, recorder, cwd, env, observe: false, depth: 1, limit: 1, seed: 1 } as const;
    const benches = openBenches({ ...common, timeoutMs, preemptions: bound, onProgress: () => {} });
    const bench = await benches.forScenario(store, scenario);
    open.push(async () => {
      bench.dispose();
      await benches.close();
    });
    return { cell: { model: 'race', store, scenario, strict: false }, bench };
  };
  const cellOf: typeof makeCell = (store, tasks, options) => {
    const { timeoutMs, bound } = options;
    const key = JSON.stringify([store, tasks, timeoutMs, bound]);
    const known = cells.get(key) ?? makeCell(store, tasks, { ...(timeoutMs && { timeoutMs }), ...(bound && { bound }) });
    cells.set(key, known);
    return known;
  };
  return {
    recorder,
    check: async (store, tasks, options = {}) => {
      const { cell, bench } = await cellOf(store, tasks, options);
      // To hold each against the fake file system would take longer than the races.
      const fake = options.fake ? bench.fake : { ...bench.fake, bundle: async () => ({ reason: 'not asked for' }) };
      const found = await checkRace(cell, { ...bench, fake }, options.named);
      if ('reason' in found) throw new Error(found.reason);
      return found;
    },
    race: async (store, tasks, planned, options = {}) => {
      const { bench } = await cellOf(store, tasks, {});
      const prepareRace = (on: Tree): ReturnType<Bench['prepareRace']> => {
        const request = bench.prepareRace(on);
        return { ...request, timeoutMs: options.timeoutMs ?? request.timeoutMs };
      };
      const bytes = Buffer.from(JSON.stringify(A));
      const tree: Tree = new Map([['live', { kind: 'file', mode: 0o644, bytes, hash: 'A' }]]);
      const raced = await raceOn({ ...bench, prepareRace }, { tasks, tree }, { names: [], fresh: options.fresh ?? true })(planned);
      if ('reason' in raced) throw new Error(raced.reason);
      return raced;
    },
    close: async () => {
      await Promise.all(open.map((close) => close()));
      await recorder.close();
      workspace.close();
      rmSync(below, { recursive: true, force: true });
    },
  };
}

/** As in a case id. */
export function idOf({ end }: Pick<ScheduleVerdict, 'end'>): string {
  return `${scheduleId(end.schedule)}${end.killed === undefined ? '' : `~kill=${'abc'[end.killed]}`}`;
}

/** Who did what, in order and without how files were opened: `a: open live, read live | b: …`. */
export function blocksOf({ end }: Pick<ScheduleVerdict, 'end'>): string {
  const blocks: { task: number; ops: string[] }[] = [];
  for (const { task, text } of end.ops) {
    if (blocks.at(-1)?.task !== task) blocks.push({ task, ops: [] });
    blocks.at(-1)?.ops.push(text.replace(/ \([a-z, ]*\)/, ''));
  }
  return blocks.map(({ task, ops }) => `${'abc'[task]}: ${ops.join(', ')}`).join(' | ');
}

/** Goes first for so many ops, and then the other one. */
export const switched = (task: number, steps: number): Schedule => [
  { task, steps },
  { task: 1 - task, steps: 1 },
];
