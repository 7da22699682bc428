/** Small stores for the fake file system, each with what it is known to do; and how to interleave one without a process of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeOf } from '../../../harness/child/load-bundle.ts';
import type { Json, Task } from '../../../harness/domain/trace.ts';
import { compileForFake, type Evaluate } from '../../../harness/fake/evaluate.ts';
import { enumerateInterleavings } from '../../../harness/models/interleaving/enumerate.ts';
import { Scene } from '../../../harness/models/interleaving/scene.ts';
import type { InterleaveAnswer, Interleaved, InterleaveRequest } from '../../../harness/protocol/interleave.ts';

const COMMON = `
const fs = require('node:fs');
const { readFile, writeFile, rename, mkdir, rmdir, link, unlink, open } = fs.promises;
const { join } = require('node:path');
const read = async (file) => { try { return JSON.parse(await readFile(file, 'utf8')); } catch (error) { if (error.code === 'ENOENT') return {}; throw error; } };
let count = 0;
const temp = (file) => file + '.' + process.pid + '.' + count++;
const replace = async (file, value) => { const made = temp(file); await writeFile(made, JSON.stringify(value)); await rename(made, file); };
const file = (directory) => join(directory, 'v.json');
const load = (directory) => read(file(directory));
`;

const queued =
  'let last = Promise.resolve(); const inTurn = (work) => { const mine = last.then(work, work); last = mine.catch(() => {}); return mine; };';
const locking = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const locked = async (directory, work) => {
  const until = Date.now() + 2000;
  for (;;) {
    try { await mkdir(join(directory, 'lock')); break; } catch (error) { if (error.code !== 'EEXIST' || Date.now() > until) throw error; }
    await pause(20);
  }
  try { return await work(); } finally { await rmdir(join(directory, 'lock')); }
};`;

/** The body of a CommonJS module; the last expression is the store. */
export const PLANTED = {
  'in-turn': `${queued} module.exports = { load, save: (d, v) => inTurn(() => replace(file(d), v)), update: (d, change) => inTurn(async () => replace(file(d), change(await load(d)))) };`,
  'update-without-lock': `module.exports = { load, save: (d, v) => replace(file(d), v), update: async (d, change) => replace(file(d), change(await load(d))) };`,
  'shared-temp': `module.exports = { load, save: async (d, v) => { await writeFile(join(d, 'v.tmp'), JSON.stringify(v)); await rename(join(d, 'v.tmp'), file(d)); } };`,
  'lock-dir': `${locking} module.exports = { load, save: (d, v) => locked(d, () => replace(file(d), v)), update: (d, change) => locked(d, async () => replace(file(d), change(await load(d)))) };`,
  'waits-for-nobody': `module.exports = { load, save: async (d, v) => { if (v.B) await new Promise(() => {}); await replace(file(d), v); } };`,
  window: `module.exports = { load, save: async (d, v) => { await unlink(file(d)).catch(() => {}); await replace(file(d), v); } };`,
  'by-memory': `let turn = 0; module.exports = { load, save: async (d, v) => { await fs.promises.access(d); const mine = turn++; await fs.promises.access(d); await replace(file(d), mine === 2 ? { ...v, late: 1 } : v); } };`,
  synchronous: `module.exports = { load: (d) => { try { return JSON.parse(fs.readFileSync(file(d), 'utf8')); } catch { return {}; } }, save: (d, v) => { const made = temp(file(d)); fs.writeFileSync(made, JSON.stringify(v)); fs.renameSync(made, file(d)); } };`,
  'directory-for-each': `const at = (d) => join(d, 'at'); module.exports = { load: (d) => fs.existsSync(at(d)) ? JSON.parse(fs.readFileSync(join(fs.readFileSync(at(d), 'utf8'), 'v'), 'utf8')) : {}, save: (d, v) => { const made = fs.mkdtempSync(join(d, 'v-')); fs.writeFileSync(join(made, 'v'), JSON.stringify(v)); fs.writeFileSync(join(made, 'at'), made); fs.renameSync(join(made, 'at'), at(d)); } };`,
  'links-symbolically': `module.exports = { load, save: async (d, v) => { await fs.promises.symlink('a', join(d, 'b')).catch(() => {}); await replace(file(d), v); } };`,
  'writes-elsewhere': `module.exports = { load, save: async (d, v) => { await writeFile('/tmp/elsewhere', 'x').catch(() => {}); await replace(file(d), v); } };`,
  'starts-others': `module.exports = { load, save: (d, v) => { require('node:child_process').execSync('true'); } };`,
} as const;
export type Planted = keyof typeof PLANTED;

const [A, B, C, NEXT]: [Json, Json, Json, Json] = [{ A: 1 }, { B: 1 }, { C: 1 }, { next: 1 }];

export const TWO_SAVERS: readonly Task[] = [
  { name: 'saver A', steps: [{ kind: 'save', value: B }] },
  { name: 'saver B', steps: [{ kind: 'save', value: C }] },
];
export const TWO_UPDATERS: readonly Task[] = [
  { name: 'updater A', steps: [{ kind: 'update', add: { one: 1 } }] },
  { name: 'updater B', steps: [{ kind: 'update', add: { other: 1 } }] },
];
export const READER: readonly Task[] = [
  { name: 'saver', steps: [{ kind: 'save', value: B }] },
  { name: 'reader', steps: [{ kind: 'load' }, { kind: 'save-loaded' }] },
];

export function bundleOf(directory: string, name: Planted): string {
  const bundle = join(directory, `${name}.cjs`);
  writeFileSync(bundle, `${COMMON}${PLANTED[name]}`);
  return bundle;
}

export const evaluateIn = (directory: string, name: Planted): Evaluate => compileForFake(bundleOf(directory, name));

type Wanted = Partial<InterleaveRequest>;

export function requestFor(tasks: readonly Task[]): InterleaveRequest {
  return {
    bundle: '',
    now: Date.UTC(2030, 0, 1),
    before: [{ kind: 'save', value: A }],
    plays: [tasks],
    next: NEXT,
    empty: {},
    throwsWhenFresh: false,
    instances: 'shared',
    runs: 5_000,
    samples: 100,
    seed: 1,
  };
}

export function answerOf(directory: string, name: Planted, tasks: readonly Task[], wanted: Wanted = {}): Promise<InterleaveAnswer> {
  return enumerateInterleavings({ ...requestFor(tasks), ...wanted }, evaluateIn(directory, name), storeOf);
}

/** The interleavings of one store's tasks. */
export async function interleaved(directory: string, name: Planted, tasks: readonly Task[], wanted: Wanted = {}): Promise<Interleaved> {
  const answer = await answerOf(directory, name, tasks, wanted);
  const [first] = answer.kind === 'interleaved' ? answer.results : [];
  if (first === undefined) throw new Error(answer.kind === 'refused' ? answer.reason : 'nothing was interleaved');
  return first;
}

export function sceneOf(directory: string, name: Planted, tasks: readonly Task[], instances: 'shared' | 'own' = 'shared'): Scene {
  const options = { evaluate: evaluateIn(directory, name), storeOf, directory: '/the/store', now: Date.UTC(2030, 0, 1) };
  return new Scene({ ...options, before: [{ kind: 'save', value: A }], tasks, instances });
}
