/** Stores written down as text, and what a process that never saw them finds. */
import { constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Recovery } from '../../harness/domain/recovery.ts';
import type { Json } from '../../harness/domain/trace.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { createRecoveryPool, type RecoveryPool } from '../../harness/recover/pool.ts';
import type { StoreRecovery } from '../../harness/recover/recovery-of.ts';

/** A store that keeps its value in `<dir>/value`; the text replaces or adds members, in which `fs`, `file(dir)` and `child` are known. */
export function writeStore(path: string, text: string, top = ''): string {
  writeFileSync(
    path,
    `${path.endsWith('.mjs') ? `import fs from 'node:fs'; import child from 'node:child_process';` : `const fs = require('node:fs'), child = require('node:child_process');`}
const file = (dir) => dir + '/value';
const read = (dir) => (fs.existsSync(file(dir)) ? JSON.parse(fs.readFileSync(file(dir), 'utf8')) : {});
${top}
const store = {
  save: (dir, value) => fs.writeFileSync(file(dir), JSON.stringify(value)),
  load: read,
  ${text}
};
${path.endsWith('.mjs') ? 'export default store;' : 'module.exports = store;'}\n`,
  );
  return path;
}

export function poolIn(
  root: string,
  options: { readonly timeoutMs?: number; readonly workers?: number; readonly env?: { readonly [name: string]: string } } = {},
): RecoveryPool {
  const { timeoutMs = 60_000, workers = 2, env = {} } = options;
  const { recoverer, recoveryServer } = findInstallation(import.meta.url);
  return createRecoveryPool({ recoverer, recoveryServer, cwd: root, env: { PATH: process.env.PATH ?? '', ...env }, workers, timeoutMs });
}

/** Counts how often a store is evaluated, unseen by whoever watches its import. Put `top` before the store's text. */
export function countEvaluations(log: string): { readonly top: string; readonly count: () => number } {
  writeFileSync(log, '');
  const koffi = JSON.stringify(createRequire(import.meta.url).resolve('koffi'));
  const top = `{
    const libc = require(${koffi}).load('libc.so.6');
    const file = libc.func('int open(const char *path, int flags)')(${JSON.stringify(log)}, ${constants.O_WRONLY | constants.O_APPEND});
    libc.func('long write(int file, const char *text, size_t length)')(file, '.', 1);
    libc.func('int close(int file)')(file);
  }`;
  return { top, count: () => readFileSync(log, 'utf8').length };
}

let directories = 0;

/** A directory in which the store of `writeStore` finds this value; nothing, if it is undefined. */
export function directoryWith(root: string, value?: Json): string {
  directories += 1;
  const directory = join(root, `directory-${directories}`);
  mkdirSync(directory);
  if (value !== undefined) writeFileSync(join(directory, 'value'), JSON.stringify(value));
  return directory;
}

/** Whether all is recovered again, because a warm process returned a value of another directory. */
export async function isRepeated(recovery: StoreRecovery, recover: () => Promise<unknown>): Promise<boolean> {
  let times = 0;
  await recovery.controlled(async () => {
    times += 1;
    await recover();
  });
  return times > 1;
}

export const NEXT = { next: true };
export const works = (value?: Json): Recovery => ({
  load: value === undefined ? { kind: 'loaded' } : { kind: 'loaded', value },
  save: { kind: 'saved' },
  secondLoad: { kind: 'loaded', value: NEXT },
});
