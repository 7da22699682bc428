/** Setup of the unit tier: a test that starts a process fails, also where what it tests catches the error. */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { afterEach } from 'vitest';

const STARTERS = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'] as const;

/** Shared by all evaluations of this file: node:cluster keeps the `fork` that it found when it was loaded, which may be that of an earlier one. */
const REFUSED = Symbol.for('crash-matrix refused starts');
const shared = globalThis as { [REFUSED]?: string[] };
shared[REFUSED] ??= [];
const refused = shared[REFUSED];

/** The starts that were refused since it was asked last. */
export const takeRefused = (): string[] => refused.splice(0);

const refuse = (name: string) => (): never => {
  refused.push(name);
  throw new Error(`a unit test called ${name} of node:child_process: name its file *.process.test.ts`);
};

// The object that `require` gives is the one that ES modules' names are taken from.
const childProcess = createRequire(import.meta.url)('node:child_process') as typeof import('node:child_process');
Object.assign(childProcess, Object.fromEntries(STARTERS.map((name) => [name, refuse(name)])));
// What else of Node starts processes, such as node:cluster, comes to this.
Object.assign(childProcess.ChildProcess.prototype, { spawn: refuse('ChildProcess.spawn') });
syncBuiltinESMExports();

afterEach(() => {
  const names = takeRefused();
  if (names.length > 0) throw new Error(`a unit test tried to start a process: ${names.join(', ')}`);
});
