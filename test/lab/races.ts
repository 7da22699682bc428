/** Races of small stores that are written down as text. */
import type { Bench } from '../../harness/bench/bench.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { type Schedule, type ScheduleEnd, scheduleId } from '../../harness/domain/schedule.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { Json, Step, Task, TaskStep, Tree } from '../../harness/domain/trace.ts';
import { scheduleOpText } from '../../harness/explain/op-text.ts';
import { type Planned, type Raced, raceOn } from '../../harness/models/race/raced.ts';
import { SAVES, UPDATES } from './abilities.ts';
import type { Lab } from './lab.ts';

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
  readonly env?: { readonly [name: string]: string };
}

/** A file that is read as a value; nothing, where there is no file. */
export const LOAD = `try { return JSON.parse(fs.readFileSync(at(dir, 'live'), 'utf8')); } catch (error) { if (error.code === 'ENOENT') return {}; throw error; }`;

export function racing(lab: Lab, { top = '', save: body, load = LOAD, update: change, env = {} }: RacingStore): LoadedStore {
  const source = `'use strict';
const fs = require('node:fs'), fsp = fs.promises, path = require('node:path');
const at = path.join;
${top}
module.exports = {
  save: async (dir, value) => { ${body} },
  load: (dir) => { ${load} },
  ${change === undefined ? '' : `update: async (dir, change) => { ${change} },`}
};\n`;
  return lab.store(source, { abilities: change === undefined ? SAVES : UPDATES, empty: {}, env });
}

/** The tasks race over A. */
export function raceOf(tasks: readonly Task[]): Scenario {
  return { name: 'race', catches: '', before: [save(A)], steps: [], tasks, next: { next: 1 } };
}

interface RaceOptions {
  readonly fresh?: boolean;
  readonly timeoutMs?: number;
}

export type RaceOnce = (planned: Planned, options?: RaceOptions) => Promise<Raced>;

/** Single races of the tasks, each on a directory with A in `live`. Throws where one could not be run. */
export function races<T>(lab: Lab, store: RacingStore, tasks: readonly Task[], work: (race: RaceOnce) => Promise<T>): Promise<T> {
  return lab.on(racing(lab, store), { scenario: raceOf(tasks) }, ({ bench }) =>
    work(async (planned, { fresh = true, timeoutMs } = {}) => {
      const prepareRace: Bench['prepareRace'] = (on, of) => {
        const request = bench.prepareRace(on, of);
        return { ...request, timeoutMs: timeoutMs ?? request.timeoutMs };
      };
      const bytes = Buffer.from(JSON.stringify(A));
      const tree: Tree = new Map([['live', { kind: 'file', mode: 0o644, bytes, hash: 'A' }]]);
      const raced = await raceOn({ ...bench, prepareRace }, { tasks, tree }, { names: [], fresh })(planned);
      if (isNotMeasured(raced)) throw new Error(raced.reason);
      return raced;
    }),
  );
}

export function raceOnce(lab: Lab, store: RacingStore, tasks: readonly Task[], planned: Planned, options?: RaceOptions): Promise<Raced> {
  return races(lab, store, tasks, (race) => race(planned, options));
}

interface Ended {
  readonly end: ScheduleEnd;
}

/** As in a case id. */
export function idOf({ end }: Ended): string {
  const killed = end.how === 'crashed' ? 'all' : end.killed === undefined ? undefined : 'abc'[end.killed];
  return `${scheduleId(end.schedule)}${killed === undefined ? '' : `~kill=${killed}`}`;
}

/** Who did what, in order and without how files were opened: `a: open live, read live | b: …`. */
export function blocksOf({ end }: Ended): string {
  const blocks: { task: number; ops: string[] }[] = [];
  for (const { flags: _, ...op } of end.ops) {
    if (blocks.at(-1)?.task !== op.task) blocks.push({ task: op.task, ops: [] });
    blocks.at(-1)?.ops.push(scheduleOpText(op));
  }
  return blocks.map(({ task, ops }) => `${'abc'[task]}: ${ops.join(', ')}`).join(' | ');
}

/** Goes first for so many ops, and then the other one. */
export const switched = (task: number, steps: number): Schedule => [
  { task, steps },
  { task: 1 - task, steps: 1 },
];
