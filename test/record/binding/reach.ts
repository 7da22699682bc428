/** Programs at the edges of what the recorder can see: other names of the directory, files outside it, other processes. */
import { execFileSync, spawn } from 'node:child_process';
import fs, { promises as fsp, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Program } from './programs.ts';

const other = (d: string): string => `${dirname(d)}-other-${basename(d)}`;
const WRITE = ['open f write create truncate', 'write f 0+5', 'close f'];

export interface Reach extends Program {
  /** What is reported as unmeasured. */
  readonly unmeasured?: readonly string[];
}

export const reaches: readonly Reach[] = [
  {
    name: 'a relative path',
    run: (d) => {
      process.chdir(d);
      fs.writeFileSync('f', 'hello');
      process.chdir('/');
    },
    ops: WRITE,
  },
  {
    name: 'a path with dots',
    run: (d) => fs.writeFileSync(`${d}/x/../../${basename(d)}/./f`, 'hello'),
    ops: WRITE,
    before: (d) => fs.mkdirSync(join(d, 'x')),
  },
  {
    name: 'another name of the directory',
    before: (d) => fs.symlinkSync(d, other(d)),
    run: (d) => fs.writeFileSync(join(other(d), 'f'), 'hello'),
    ops: WRITE,
  },
  {
    name: 'a symlink from outside to a file inside',
    before: (d) => {
      fs.writeFileSync(join(d, 'f'), '');
      fs.symlinkSync(join(d, 'f'), other(d));
    },
    run: (d) => fs.writeFileSync(other(d), 'hello'),
    ops: WRITE,
  },
  {
    name: 'a symlink that leads out',
    before: (d) => fs.symlinkSync(other(d), join(d, 'f')),
    run: (d) => {
      fs.writeFileSync(other(d), '');
      fs.writeFileSync(join(d, 'f'), 'hello');
    },
    ops: ['open f write create truncate'],
    unmeasured: ['followed a symlink out of the directory: <step>/f'],
  },
  {
    name: 'files outside',
    run: (d) => {
      fs.writeFileSync(other(d), 'hello');
      fs.readFileSync(other(d));
      fs.unlinkSync(other(d));
    },
    ops: [],
  },
  {
    name: 'a rename into the directory, and out of it',
    run: (d) => {
      fs.writeFileSync(other(d), 'hello');
      fs.renameSync(other(d), join(d, 'f'));
      fs.renameSync(join(d, 'f'), other(d));
    },
    ops: ['rename <out> -> f', 'rename f -> <out>'],
  },
  {
    name: 'a copy into the directory, and out of it',
    run: (d) => {
      fs.writeFileSync(other(d), 'hello');
      fs.copyFileSync(other(d), join(d, 'f'), fs.constants.COPYFILE_EXCL);
      fs.copyFileSync(join(d, 'f'), other(d));
    },
    ops: ['open f write create exclusive', 'chmod f', 'copy f 0+5', 'close f', 'open f read', 'read f 0+5', 'close f'],
  },
  {
    name: 'functions that were imported by name',
    run: (d) => {
      writeFileSync(join(d, 'f'), 'hello');
      renameSync(join(d, 'f'), join(d, 'g'));
    },
    ops: [...WRITE, 'rename f -> g'],
  },
  {
    name: 'an ES module',
    before: (d) =>
      fs.writeFileSync(
        `${other(d)}.mjs`,
        "import { opendir } from 'node:fs/promises'; export const list = async (d) => (await opendir(d)).close();",
      ),
    run: async (d) => {
      const { list } = (await import(`${other(d)}.mjs`)) as { list(d: string): Promise<void> };
      await list(d);
    },
    ops: ['readdir .'],
  },
  {
    name: 'a process',
    run: () => execFileSync(process.execPath, ['--version']),
    ops: [],
    unmeasured: ['started a process: the binding recorder does not see what it does'],
  },
  {
    name: 'another process, which is reported once',
    run: () => new Promise((resolve) => spawn(process.execPath, ['--version'], { stdio: 'ignore' }).on('exit', resolve)),
    ops: [],
  },
  {
    name: 'a thread',
    run: () => new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve)),
    ops: [],
    unmeasured: ['started a worker thread: the binding recorder does not see what it does'],
  },
  {
    name: 'a descriptor that was opened before',
    before: (d) => {
      descriptor = fs.openSync(join(d, 'f'), 'w');
      fs.writeSync(descriptor, 'abc');
    },
    run: () => {
      fs.writeSync(descriptor, 'def');
      fs.closeSync(descriptor);
    },
    ops: ['write f 3+3', 'close f'],
  },
  {
    name: 'a store that removes its directory',
    run: (d) => fsp.rmdir(d),
    ops: ['rmdir .'],
  },
];

let descriptor = -1;
