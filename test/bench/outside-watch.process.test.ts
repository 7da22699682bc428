/** What a store uses outside of its directory, whichever of its processes does it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchOutside } from '../../harness/bench/outside-watch.ts';
import type { BatchEntry } from '../../harness/domain/recovery.ts';
import { save } from '../../harness/domain/scenario.ts';
import { NO_STORE } from '../../harness/protocol/fork-server.ts';
import { type Outside, UNSEEN } from '../../harness/record/outside.ts';
import { readOutsideLines } from '../../harness/recover/outside-lines.ts';
import { startRecoveryServer } from '../../harness/recover/recovery-server.ts';
import { startWorker, type Worker } from '../../harness/recover/worker.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';
import { directoryWith, NEXT, writeStore } from '../recover/recovering.ts';

let lab: Lab;
let beside = '';
let made = 0;
const directory = (): string => {
  made += 1;
  const path = join(lab.root, `made-${made}`);
  mkdirSync(path);
  return path;
};
beforeAll(async () => {
  lab = await openLab();
  beside = directory();
  mkdirSync(join(beside, 'node_modules/package'), { recursive: true });
  writeFileSync(join(beside, 'node_modules/package/index.js'), `exports.value = 1;`);
  symlinkSync('node_modules/package', join(beside, 'deep'));
});
afterAll(() => lab.close());

const below = (paths: readonly string[]): string[] =>
  paths.flatMap((path) => (path.startsWith(`${beside}/`) ? [path.slice(beside.length + 1)] : []));

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('a survey sees', () => {
  const survey = (members: string, top = ''): Promise<Outside> => {
    const bundle = writeStore(join(directory(), 'store.cjs'), members.replaceAll('OUT', beside), top.replaceAll('OUT', beside));
    const scenario = { name: 'survey', catches: '', before: [save('A')], steps: [save('B')], next: 'C' };
    const { installation, recorder, env } = lab;
    const store = { ...lab.store(''), bundle };
    const options = {
      recorder,
      scenarios: [scenario],
      survey: installation.survey,
      env,
      makeDirectory: directory,
      notes: directory(),
      own: lab.workspace.roots,
    };
    return watchOutside(store, options).used();
  };

  test('what the import reads, and where it looks for packages', async () => {
    const used = await survey('', `require('OUT/node_modules/package');`);
    expect(used.unseen).toEqual([]);
    expect(below(used.paths)).toEqual(expect.arrayContaining(['node_modules/package/index.js', 'node_modules/package/package.json']));
  });

  test.each([
    ['a step before the recording', `save: (dir, value) => value === 'A' ? fs.existsSync('OUT/seen') : fs.writeFileSync(file(dir), '1')`],
    ['a step', `save: (dir, value) => value === 'B' ? fs.existsSync('OUT/seen') : fs.writeFileSync(file(dir), '1')`],
    ['the next save', `save: (dir, value) => value === 'C' ? fs.existsSync('OUT/seen') : fs.writeFileSync(file(dir), '1')`],
    ['a load', `load: () => fs.existsSync('OUT/seen')`],
    ['the end', `close: () => fs.existsSync('OUT/seen')`],
    ['what is left after a step that failed', `save: () => { throw new Error('no') }, load: () => fs.existsSync('OUT/seen')`],
  ])('%s', async (_, members) => {
    const { paths, unseen } = await survey(members);
    expect({ below: below(paths), unseen }).toEqual({ below: ['seen'], unseen: [] });
  });

  test.each([
    ['a program that the import starts', '', `child.spawnSync('true');`, [UNSEEN.programs]],
    ['a program that load starts', `load: () => child.spawnSync('true').status`, '', [UNSEEN.programs]],
    [
      'a server that a step talks to',
      `save: () => new Promise((resolve) => require('node:net').connect(1, '127.0.0.1').on('error', resolve))`,
      '',
      [UNSEEN.servers],
    ],
    ['a process that does not end as it should', `load: () => process.exit(0)`, '', ['does not get through its scenarios in one process']],
  ])('%s', async (_, members, top, unseen) => {
    expect((await survey(members, top)).unseen).toEqual(unseen);
  });

  test('and a store that is commands is known to start programs', async () => {
    const { installation, recorder, env } = lab;
    const options = {
      recorder,
      scenarios: [],
      survey: installation.survey,
      env,
      makeDirectory: directory,
      notes: directory(),
      own: lab.workspace.roots,
    };
    expect((await watchOutside(lab.store('', { kind: 'command' }), options).used()).unseen).toEqual([UNSEEN.programs]);
  });
});

const canFork = process.platform === 'linux' && process.arch === 'x64';
const KOFFI = JSON.stringify(createRequire(import.meta.url).resolve('koffi'));

/** A process that is there for one store only evaluates it for each recovery, or forks itself: with the store, or before it has one. */
describe.each(['started', ...(canFork ? ['forked', 'forked without a store'] : [])])('a process that recovers, %s, notes', (how) => {
  const recovering = async (bundle: string, work: (worker: Worker) => Promise<unknown>): Promise<string> => {
    const notes = directory();
    const { recoverer, recoveryServer } = lab.installation;
    const outside = { directory: notes, own: [...lab.workspace.roots, join(lab.installation.root, 'dist')] };
    const options = { recoverer, recoveryServer, cwd: beside, env: lab.env, timeoutMs: 60_000, outside };
    if (how === 'started') {
      const worker = startWorker(options, true);
      await work(worker);
      worker.kill();
      await worker.ended;
    } else {
      const server = await startRecoveryServer(options, how === 'forked' ? bundle : NO_STORE);
      if ('refused' in server) throw new Error(server.refused);
      await work(server.newWorker());
      await server.close();
    }
    return notes;
  };
  const recovered = async (members: string, top = ''): Promise<Outside & { readonly bundle: string; readonly load: unknown }> => {
    const bundle = writeStore(join(directory(), 'store.cjs'), members.replaceAll('OUT', beside), top.replaceAll('OUT', beside));
    const task = { bundle, directory: directoryWith(lab.workspace.directory('store')), next: NEXT };
    let load: unknown;
    const notes = await recovering(bundle, async (worker) => {
      ({ load } = await worker.recover(task));
    });
    expect(readOutsideLines(notes, 'another')).toEqual({ paths: [], listed: [], unseen: [] });
    return { ...readOutsideLines(notes, bundle), bundle, load };
  };

  test('what its import reads', async () => {
    const { paths, unseen } = await recovered('', `fs.readFileSync('OUT/node_modules/package/index.js');`);
    expect([below(paths), unseen]).toEqual([['node_modules/package/index.js'], []]);
  });

  test('that its load uses native code which the harness has loaded, too', async () => {
    expect((await recovered(`load: () => require(${KOFFI}).load('libc.so.6') && 1`)).unseen).toEqual([UNSEEN.native]);
  });

  test('what the load of a tree uses, once for all trees', async () => {
    const bundle = writeStore(join(directory(), 'store.cjs'), `load: (dir) => fs.existsSync('${beside}/' + read(dir).seen)`);
    const root = lab.workspace.directory('trees');
    const answers = join(root, 'answers');
    const hashes = ['one', 'two', 'one'].map((seen, number): BatchEntry => {
      const content = createHash('sha1').update(`${seen}${number}`).digest('hex');
      mkdirSync(join(root, 'contents'), { recursive: true });
      writeFileSync(join(root, 'contents', content), JSON.stringify({ seen, number }));
      return ['value', 'file', 0o644, content];
    });
    // Each tree in a batch of its own: a process that is slow to answer leaves the rest of a batch to others.
    const notes = await recovering(bundle, async (worker) => {
      for (const index of hashes.keys()) {
        const task = { bundle, atOnce: true, root, next: NEXT, entries: hashes, trees: [{ shape: 0, entries: [index] }], answers };
        await worker.recoverTrees(task, { onProgress: () => {}, onStuck: () => {} });
      }
    });
    expect(below(readOutsideLines(notes, bundle).paths).sort()).toEqual(['one', 'two', 'undefined']);
    const lines = readdirSync(notes).flatMap((name) => readFileSync(join(notes, name), 'utf8').split('\n'));
    expect(lines.length).toBe(new Set(lines).size);
  });

  test.each([
    [
      'what load reads',
      `load: () => fs.readFileSync('OUT/node_modules/package/index.js', 'utf8').length`,
      ['node_modules/package/index.js'],
    ],
    ['what it looks for', `load: () => fs.existsSync('OUT/seen')`, ['seen']],
    ['by promises', `load: () => fs.promises.readFile('OUT/seen').catch(() => {})`, ['seen']],
    ['by callbacks', `load: () => new Promise((resolve) => fs.stat('OUT/seen', () => resolve({})))`, ['seen']],
    ['by streams', `load: () => new Promise((resolve) => fs.createReadStream('OUT/seen').on('error', () => resolve({})))`, ['seen']],
    ['by a buffer', `load: () => fs.existsSync(Buffer.from('OUT/seen'))`, ['seen']],
    ['by bytes', `load: () => fs.existsSync(new Uint8Array(Buffer.from('OUT/seen')))`, ['seen']],
    ['by a path with links on its way up', `load: () => fs.existsSync('OUT/deep/../seen')`, ['seen', 'node_modules/seen']],
    ['by a relative path', `load: () => fs.existsSync('seen')`, ['seen']],
    ['what save copies', `save: (dir) => { try { fs.copyFileSync('OUT/seen', file(dir)); } catch {} }`, ['seen']],
    ['where it moves a file', `save: (dir) => { try { fs.renameSync(file(dir), 'OUT/seen'); } catch {} }`, ['seen']],
    ['before it dies', `load: () => { fs.existsSync('OUT/seen'); process.exit(1); }`, ['seen']],
  ])('%s', async (_, members, paths) => {
    const { paths: all, listed, unseen } = await recovered(members);
    expect({ paths: below(all), listed: below(listed), unseen }).toEqual({ paths, listed: [], unseen: [] });
  });

  test('what it reads with a class of the binding that Node takes late', async () => {
    const { paths, load } = await recovered(
      `load: () => new Promise((resolve) => fs.readFile('OUT/node_modules/package/index.js', 'utf8', (_, text) => resolve(text)))`,
    );
    expect({ paths: below(paths), load }).toEqual({
      paths: ['node_modules/package/index.js'],
      load: { kind: 'loaded', value: 'exports.value = 1;' },
    });
  });

  test('the names that it reads', async () => {
    const { listed } = await recovered(`load: () => fs.readdirSync('OUT/node_modules').length`);
    expect(below(listed)).toEqual(['node_modules']);
  });

  test.each([
    ['a program', `load: () => child.spawnSync('true').status`, UNSEEN.programs],
    [
      'a program that it does not wait for',
      `load: () => new Promise((resolve) => child.spawn('true').on('exit', resolve))`,
      UNSEEN.programs,
    ],
    [
      'a thread',
      `load: () => new Promise((resolve) => new (require('node:worker_threads').Worker)('', { eval: true }).on('exit', resolve))`,
      UNSEEN.threads,
    ],
    [
      'a server',
      `load: () => new Promise((resolve) => require('node:net').connect(1, '127.0.0.1').on('error', () => resolve(1)))`,
      UNSEEN.servers,
    ],
    ['native code', `load: () => { try { process.dlopen({ exports: {} }, 'OUT/none.node'); } catch {} }`, UNSEEN.native],
  ])('that there is %s', async (_, members, unseen) => {
    expect((await recovered(members)).unseen).toEqual([unseen]);
  });

  test('nothing of its own directories', async () => {
    const { paths, bundle } = await recovered('');
    expect(paths.filter((path) => path.startsWith(lab.workspace.root) || path.includes('/dist/'))).toEqual([]);
    expect(bundle).not.toBe('');
  });
});
