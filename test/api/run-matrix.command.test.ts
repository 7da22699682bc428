/** Scripts that import `crash-matrix`, each a process of its own, with the built package. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';
import { bundleStore } from '../../harness/store/bundle.ts';
import { expectNothingLeft, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { appears } from '../lab/temporary.ts';

const installation = findInstallation(import.meta.url);

let place: Place;
beforeAll(() => {
  place = openPlace();
  mkdirSync(join(place.root, 'node_modules'));
  symlinkSync(installation.root, join(place.root, 'node_modules/crash-matrix'));
  place.write({ 'ten.cjs': TEN_LINES });
});
afterAll(() => place.close());

let scripts = 0;

function start(text: string, tmp: string, extension = 'mjs') {
  scripts += 1;
  const file = `script-${scripts}.${extension}`;
  place.write({ [file]: text });
  const env = { PATH: process.env.PATH ?? '', TMPDIR: tmp };
  return execa(process.execPath, [file], { cwd: place.root, env, extendEnv: false, reject: false, stdin: 'ignore' });
}

/** What a script printed: nothing but JSON, on its last and only line. */
async function printedBy(text: string, extension?: string): Promise<unknown> {
  const tmp = place.tmp();
  const { stdout, stderr, exitCode } = await start(text, tmp, extension);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  await expectNothingLeft(tmp);
  return JSON.parse(stdout);
}

const ONE_CELL = `store: './ten.cjs', scenario: 'replace', model: 'process-kill', effort: 'quick', cache: false`;

test('a run is a promise of its result, and an iterable of its events', async () => {
  const printed = await printedBy(`
    import { runMatrix } from 'crash-matrix';
    const run = runMatrix({ ${ONE_CELL} });
    const events = [];
    for await (const event of run) {
      events.push(event);
      if (event.kind === 'finished') break; // there is nothing left to end
    }
    console.log(JSON.stringify({ events, result: await run }));
  `);
  const cell = expect.objectContaining({ store: 'ten', status: 'broken', grade: 'lossy' });
  const failure = expect.stringMatching(
    /ten: ten\.cjs:5 writes the file that load reads in place.*crash-matrix replay ten\/replace\/process-kill@1 --store \.\/ten\.cjs/s,
  );
  const result = expect.objectContaining({ schema: 'crash-matrix/1', effort: 'quick', cells: [cell] });
  expect(printed).toEqual({
    events: [
      { kind: 'cell-started', store: 'ten', scenario: 'replace', model: 'process-kill', done: 0, of: 1 },
      { kind: 'cell-done', cell, cases: [expect.objectContaining({ outcome: 'unreadable' })], failure, done: 1, of: 1 },
      { kind: 'finished', result, failure },
    ],
    result,
  });
});

test('what is wrong is thrown, with what to do next, and nothing is printed', async () => {
  const printed = await printedBy(`
    import { runMatrix, UsageError } from 'crash-matrix';
    const wrong = [{ store: './tin.cjs' }, { store: './ten.cjs', modle: 'race' }, { store: { save() {}, load() {} } }, { store: [] }];
    const messages = [];
    for (const options of wrong) {
      await runMatrix(options).catch((error) => messages.push([error instanceof UsageError, error.message]));
      try { for await (const _ of runMatrix(options)); } catch (error) { messages.push([error instanceof UsageError, error.message]); }
    }
    console.log(JSON.stringify(messages));
  `);
  const thrown = (text: string) => [true, expect.stringContaining(text)];
  const each = ['there is no file', 'unknown option "modle"; did you mean model?', "Pass its path, as in './notes.ts'", 'names no store'];
  expect(printed).toEqual(each.flatMap((text) => [thrown(text), thrown(text)]));
});

test('CommonJS requires it', async () => {
  const printed = await printedBy(
    `const { runMatrix, UsageError } = require('crash-matrix');
    runMatrix({ store: './ten.cjs', effort: 'fast' }).catch((error) => console.log(JSON.stringify([error instanceof UsageError, error.message])));`,
    'cjs',
  );
  expect(printed).toEqual([true, 'the option effort cannot be "fast"\nAllowed choices are quick, standard, deep.']);
});

describe('a run that ends early leaves neither processes nor files', () => {
  /** A store that makes this file in its second save, and stays there, with a process of its own. */
  const staying = (up: string): string => `
    const fs = require('node:fs'), child = require('node:child_process');
    let saves = 0;
    module.exports = {
      save: (dir, value) => {
        fs.writeFileSync(dir + '/value', JSON.stringify(value));
        saves += 1;
        if (saves < 2) return;
        child.spawn('sleep', ['1000'], { detached: true });
        fs.writeFileSync(${JSON.stringify(up)}, '');
        for (;;);
      },
      load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
    };`;

  const HOW = `scenario: 'replace', model: 'process-kill', cache: false, timeout: 1000`;
  const WATCH = `import { existsSync, watch } from 'node:fs';
    const upThen = (up, work) => { const watcher = watch('.', () => { if (existsSync(up)) { watcher.close(); work(); } }); };`;

  test.each([
    [
      'by its signal, with its reason',
      (name: string) => `const abort = new AbortController();
        upThen('./${name}.up', () => abort.abort(new Error('enough')));
        await runMatrix({ store: './${name}.cjs', ${HOW}, signal: abort.signal }).catch((error) => console.log(error.message));`,
      'enough',
    ],
    [
      'by leaving the loop',
      (name: string) => `const events = runMatrix({ store: './${name}.cjs', ${HOW} })[Symbol.asyncIterator]();
        await events.next();
        await new Promise((resolve) => upThen('./${name}.up', resolve));
        console.log(JSON.stringify(await events.return()));`,
      '{"done":true}',
    ],
  ])('%s', async (_, script, printed) => {
    const name = `stays-${scripts}`;
    place.write({ [`${name}.cjs`]: staying(join(place.root, `${name}.up`)) });
    const tmp = place.tmp();
    const { stdout, stderr, exitCode } = await start(`import { runMatrix } from 'crash-matrix'; ${WATCH} ${script(name)}`, tmp);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: printed, stderr: '', exitCode: 0 });
    await expectNothingLeft(tmp);
  });

  test('by the death of the program that asked for it', async () => {
    const up = join(place.root, 'orphan.up');
    place.write({ 'orphan.cjs': staying(up) });
    const tmp = place.tmp();
    const running = start(`import { runMatrix } from 'crash-matrix'; await runMatrix({ store: './orphan.cjs', ${HOW} });`, tmp);
    await appears(up);
    running.kill('SIGKILL');
    await running;
    await expectNothingLeftSoon(tmp);
  });
});

/** The harness notices by itself that nobody asks any more. */
async function expectNothingLeftSoon(tmp: string): Promise<void> {
  await expect
    .poll(
      () =>
        expectNothingLeft(tmp).then(
          () => true,
          () => false,
        ),
      { timeout: 120_000 },
    )
    .toBe(true);
}

describe('the entry is light', () => {
  test('it is two small files, and needs Node alone', async () => {
    const { metafile } = await build({
      entryPoints: [installation.library],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      absWorkingDir: installation.root,
    });
    expect(Object.keys(metafile.inputs).sort()).toEqual(['dist/index.js', 'dist/shared.js']);
    const bytes = Object.values(metafile.inputs).reduce((sum, input) => sum + input.bytes, 0);
    expect(bytes).toBeLessThan(16_384);
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, external }) => (external ? path : [])),
    );
    expect(imported.filter((path) => !path.startsWith('node:'))).toEqual([]);
  });

  test('a store that imports it carries none of it into its children', async () => {
    const contents = `import { defineStore } from 'crash-matrix'; export default defineStore({ save: () => {}, load: () => ({}) });`;
    const bundle = await bundleStore(
      { name: 'light', contents, resolveDir: place.root },
      { outdir: place.root, self: installation.library },
    );
    const text = readFileSync(bundle, 'utf8');
    expect(text).toContain('function defineStore');
    expect(text).not.toMatch(/require\(|child_process|runMatrix/);
  });
});
