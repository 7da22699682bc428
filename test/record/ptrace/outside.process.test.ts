/** What runs report of files outside of the store's directory. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNotMeasured } from '../../../harness/domain/sighting.ts';
import { UNSEEN } from '../../../harness/record/outside.ts';
import { noPtrace, openTracing, type Tracing } from './tracing.ts';

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('runs under ptrace report what is used outside', () => {
  let lab: Tracing;
  let beside = '';
  beforeAll(async () => {
    lab = await openTracing();
    beside = join(lab.root, 'beside');
    mkdirSync(join(beside, 'listed'), { recursive: true });
    writeFileSync(join(beside, 'there'), '');
    symlinkSync('there', join(beside, 'link'));
    mkdirSync(join(beside, 'listed/in'));
    symlinkSync('listed/in', join(beside, 'deep'));
    writeFileSync(join(beside, 'listed/there'), '');
  });
  afterAll(() => lab.close());

  const usedBy = async (
    save: string,
  ): Promise<{ readonly paths: string[]; readonly listed: string[]; readonly unseen: readonly string[] }> => {
    const text = save.replaceAll('OUT', beside);
    const { outside } = await lab.run(lab.runs({ save: `fs.writeFileSync(at('live'), 'x'); ${text}` }), { kind: 'observe' });
    const below = (paths: readonly string[] = []): string[] =>
      paths.flatMap((path) => (path.startsWith(`${beside}/`) ? [path.slice(beside.length + 1)] : []));
    return { paths: below(outside?.paths), listed: below(outside?.listed), unseen: outside?.unseen ?? ['nothing was reported'] };
  };

  test.concurrent.each<[string, string, readonly string[]]>([
    ['a file that is read', `fs.readFileSync('OUT/there')`, ['there']],
    ['one that is not there', `try { fs.readFileSync('OUT/none') } catch {}`, ['none']],
    ['one that is looked for', `fs.existsSync('OUT/sought')`, ['sought']],
    ['one that is looked at', `fs.statSync('OUT/there')`, ['there']],
    ['a link', `fs.readlinkSync('OUT/link')`, ['link']],
    ['by a path that is relative to its directory', `process.chdir('OUT'); fs.readFileSync('there')`, ['there']],
    ['by promises', `await fsp.readFile('OUT/there')`, ['there']],
    ['by a path with links on its way up', `fs.statSync('OUT/deep/../there')`, ['there', 'listed/there']],
    ['what is written', `fs.appendFileSync('OUT/there', '')`, ['there']],
    ['the target of a rename', `fs.renameSync(at('live'), 'OUT/moved')`, ['moved']],
    ['where a link in the directory leads', `fs.symlinkSync('OUT/there', at('link')); fs.readFileSync(at('link'))`, ['there']],
    [
      'by a thread of the store',
      `const { Worker } = require('node:worker_threads'); const worker = new Worker("require('node:fs').readFileSync('OUT/there')", { eval: true });
       await new Promise((resolve) => worker.once('exit', resolve))`,
      ['there'],
    ],
  ])('%s', async (_, save, paths) => {
    expect(await usedBy(save)).toEqual({ paths, listed: [], unseen: [] });
  });

  test('the names in a directory', async () => {
    expect(await usedBy(`fs.readdirSync('OUT/listed')`)).toEqual({ paths: ['listed'], listed: ['listed'], unseen: [] });
  });

  test('that a program was started', async () => {
    expect((await usedBy(`child.execFileSync('true')`)).unseen).toEqual([UNSEEN.programs]);
  });

  test('nothing of the directory itself', async () => {
    const request = lab.runs({ save: `fs.writeFileSync(at('live'), 'x'); fs.readFileSync(at('live')); fs.readdirSync(dir)` });
    const { outside, directory } = await lab.run(request, { kind: 'observe' });
    expect([...(outside?.paths ?? []), ...(outside?.listed ?? [])].filter((path) => path.startsWith(directory))).toEqual([]);
  });

  // A process that lived through faults loads and saves again, where no call fails any more.
  test('after the steps of a run with faults, too', async () => {
    const store = lab.store(`const fs = require('node:fs');
      module.exports = {
        save: (dir, value) => fs.writeFileSync(dir + '/live', JSON.stringify(value)),
        load: () => void fs.existsSync('${beside}/by-load'),
      };`);
    const found = await lab.on(store, { scenario: 'first-save' }, async ({ bench }) => {
      const recorded = await bench.recorded();
      if (isNotMeasured(recorded)) throw new Error(recorded.reason);
      const { args, directories, spool, env, timeoutMs } = bench.prepareFaults(1);
      const [directory = ''] = directories;
      const order = recorded.again?.recording.order ?? [];
      const runs = [{ directory, spool, faults: [] }];
      return lab.recorder.run({ args, directory, spool, env, timeoutMs, plan: { kind: 'fault', order, names: [], runs } });
    });
    expect(found.outside?.paths).toContain(join(beside, 'by-load'));
  });

  test('races, too', async () => {
    const store = lab.store(`const fs = require('node:fs');
      module.exports = {
        save: (dir, value) => { fs.existsSync('${beside}/by-a-task'); fs.writeFileSync(dir + '/live', JSON.stringify(value)); },
        load: () => undefined,
      };`);
    const report = await lab.on(store, { scenario: 'two-savers' }, async ({ bench }) => {
      const request = bench.prepareRace(new Map(), bench.scenario.tasks ?? []);
      return lab.recorder.race?.({ ...request, schedule: [], fresh: true });
    });
    expect(report?.outside.paths).toContain(join(beside, 'by-a-task'));
  });
});
