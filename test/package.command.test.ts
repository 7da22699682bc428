/** What npm would publish works where nothing but its own dependencies is installed. */
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchema } from '../harness/domain/result.ts';
import { findInstallation } from '../harness/machine/installation.ts';
import { expectNothingLeft, openPlace, type Place, TEN_LINES } from './lab/command.ts';
import { noPtrace } from './record/ptrace/tracing.ts';

/** Where tests are run by root, somebody who may do less. */
const USER = process.getuid?.() === 0 ? 65534 : undefined;

/** Replaces its file by a rename, and forces the data, the name and the directory. */
const REPLACED = `
const fs = require('node:fs');
const forced = (path, flags, work) => {
  const fd = fs.openSync(path, flags);
  work(fd);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
};
module.exports = {
  save: (dir, value) => {
    forced(dir + '/value.tmp', 'w', (fd) => fs.writeSync(fd, JSON.stringify(value)));
    fs.renameSync(dir + '/value.tmp', dir + '/value');
    forced(dir, 'r', () => {});
  },
  load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
};
`;

interface Tested {
  readonly [test: string]: string;
}

describe('the package', () => {
  const { root } = findInstallation(import.meta.url);
  let place: Place;
  let installed: string;
  let files: readonly string[];
  beforeAll(async () => {
    place = openPlace();
    const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [packed] = JSON.parse(stdout) as [{ readonly files: readonly { readonly path: string }[] }];
    files = packed.files.map(({ path }) => path);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const modules = join(place.root, 'node_modules');
    installed = join(modules, 'crash-matrix');
    for (const path of files) cpSync(join(root, path), join(installed, path));
    // Whoever else is to read it must not have to pass through somebody's home.
    const asked = Object.keys({ ...dependencies, ...optionalDependencies });
    for (const name of [...asked, `@esbuild/${process.platform}-${process.arch}`, `@koromix/koffi-${process.platform}-${process.arch}`])
      if (existsSync(join(root, 'node_modules', name))) cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
    chmodSync(place.root, 0o755);
  });
  afterAll(() => place.close());

  test('carries what it runs, and nothing else', () => {
    const rooms = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')));
    expect([...rooms].filter((room) => !room.startsWith('src/') && !room.startsWith('dist/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'harness/machine',
      'harness/store',
      'package.json',
    ]);
    expect(files.filter((path) => /^dist\/types\/(?!harness\/)|\.test\./.test(path))).toEqual([]);
  });

  test.skipIf(noPtrace !== undefined)('runs every model, without being root', async () => {
    place.write({ 'ten.cjs': TEN_LINES });
    const tmp = place.tmp();
    if (USER !== undefined) chownSync(tmp, USER, USER);
    const chosen = ['--store', './ten.cjs', '--scenario', 'replace,two-savers', '--depth', '1'];
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [join(installed, 'dist/cli.js'), 'run', ...chosen, '--reporter', 'json'],
      {
        cwd: place.root,
        env: { PATH: process.env.PATH ?? '', TMPDIR: tmp },
        extendEnv: false,
        reject: false,
        ...(USER !== undefined && { uid: USER, gid: USER }),
      },
    );
    expect(exitCode, stderr).toBe(1);
    const { recorder, cells } = resultSchema.parse(JSON.parse(stdout));
    expect(recorder).toBe('ptrace');
    expect([...new Set(cells.map(({ model }) => model))].sort()).toEqual([
      'at-rest',
      'interleaving',
      'io-error',
      'power-loss',
      'process-kill',
      'quit',
      'race',
      'through-link',
    ]);
    expect(cells.filter(({ grade }) => grade === 'inconclusive')).toEqual([]);
    await expectNothingLeft(tmp);
  });

  test('has types that stand alone', async () => {
    place.write({
      'store.ts': `import { defineStore } from 'crash-matrix';
        export default defineStore({ save: (dir: string, value: { id: number }) => void [dir, value.id], load: () => ({ id: 1 }) });
        export const wrong: number = defineStore;`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', lib: ['es2022'], strict: true, noEmit: true, types: [] },
        files: ['store.ts'],
      }),
    });
    expect((await compiled()).join('\n')).toMatch(/^store\.ts\(3,22\): error TS2322: .*$/);
  });

  test('has types of a run, for modules of both kinds', async () => {
    const text = `import { runMatrix, UsageError, type MatrixEvent, type Result } from 'crash-matrix';
        export const result: Promise<Result> = runMatrix({ store: ['./a.ts', new URL('./b.ts', 'file:///')], signal: new AbortController().signal });
        export async function failures(): Promise<string[]> {
          const texts: string[] = [];
          for await (const event of runMatrix({ store: './a.ts', effort: 'quick' })) {
            const one: MatrixEvent = event;
            if (one.kind === 'cell-done' && one.failure !== undefined) texts.push(one.failure, one.cell.grade, ...one.cases.map(({ id }) => id));
          }
          return [...texts, ...(await result).causes.map(({ says }) => says), new UsageError('').message];
        }
        runMatrix({ store: './a.ts', models: 'race' });
        runMatrix({ store: './a.ts', effort: 'fast' });`;
    place.write({
      'run.mts': text,
      'run.cts': text,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom'], strict: true, noEmit: true, types: [] },
        files: ['run.mts', 'run.cts'],
      }),
    });
    const wrong = (file: string) => [
      expect.stringMatching(`^run\\.${file}\\(11,.*'models' does not exist in type 'MatrixOptions'`),
      expect.stringMatching(`^run\\.${file}\\(12,.*'"fast"' is not assignable`),
    ];
    expect((await compiled()).filter((line) => line.startsWith('run'))).toEqual([...wrong('cts'), ...wrong('mts')]);
  });

  const compiled = async (): Promise<string[]> => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await execa(process.execPath, [tsc], { cwd: place.root, reject: false });
    return stdout.split('\n');
  };

  test.each(['.mjs', '.cjs'])('is imported by a %s without a word', async (extension) => {
    const has = `console.log(typeof library.runMatrix, library.defineStore(1), new library.UsageError('x') instanceof Error)`;
    const importing = extension === '.mjs' ? `import * as library from 'crash-matrix';` : `const library = require('crash-matrix');`;
    place.write({ [`has${extension}`]: `${importing} ${has}` });
    const { stdout, stderr } = await execa(process.execPath, [`has${extension}`], { cwd: place.root });
    expect({ stdout, stderr }).toEqual({ stdout: 'function 1 true', stderr: '' });
  });

  describe('in vitest', () => {
    beforeAll(() => {
      symlinkSync(join(root, 'node_modules/vitest'), join(place.root, 'node_modules/vitest'));
      mkdirSync(join(place.root, 'stores'));
      place.write({ 'stores/wrong.cjs': TEN_LINES, 'stores/right.cjs': REPLACED, 'stores/unfit.cjs': 'module.exports = {}' });
    });

    /** Tests by their full names: how each ended, and its messages. */
    async function tested(text: string, env: { readonly [name: string]: string } = {}, args: readonly string[] = []): Promise<Tested> {
      place.write({ 'stores/a.test.mjs': text });
      const tmp = place.tmp();
      const vitest = join(place.root, 'node_modules/vitest/vitest.mjs');
      const result = await execa(process.execPath, [vitest, 'run', '--reporter=json', ...args], {
        cwd: place.root,
        env: { PATH: process.env.PATH ?? '', TMPDIR: tmp, HOME: place.root, ...env },
        extendEnv: false,
        reject: false,
      });
      await expectNothingLeft(tmp);
      const { testResults } = JSON.parse(result.stdout) as {
        testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
      };
      return Object.fromEntries(
        testResults.flatMap(({ assertionResults }) =>
          assertionResults.map(({ fullName, status, failureMessages }) => [fullName, [status, ...failureMessages].join('\n')]),
        ),
      );
    }

    test('crashTest has a test for each cell, and toSurvive one for all', async () => {
      const both = `{ scenario: 'replace', model: ['process-kill', 'power-loss:ext4'], cache: false }`;
      const one = `{ scenario: 'replace', model: 'process-kill', cache: false }`;
      const ended = await tested(`
        import { crashTest } from 'crash-matrix/vitest';
        import { expect, test } from 'vitest';
        crashTest('./right.cjs', ${both});
        crashTest(new URL('./wrong.cjs', import.meta.url), { ...${both}, name: 'wrong' });
        test('survives', { timeout: 300_000 }, () => expect('./right.cjs').toSurvive(${one}));
        test('does not survive', { timeout: 300_000 }, () => expect('./wrong.cjs').not.toSurvive(${one}));
        test('fails', { timeout: 300_000 }, () => expect('./wrong.cjs').toSurvive(${one}));
      `);
      const passed = [
        './stores/right.cjs replace / process-kill',
        './stores/right.cjs replace / power-loss:ext4',
        'survives',
        'does not survive',
      ];
      const cause = '1  wrong: stores/wrong.cjs:5 writes the file that load reads in place';
      const replay = (model: string): RegExp =>
        new RegExp(`replay +crash-matrix replay wrong/replace/${model}@1 --store ./stores/wrong.cjs`);
      for (const name of passed) expect(ended[name], name).toBe('passed');
      const [killed, cut, all] = ['wrong replace / process-kill', 'wrong replace / power-loss:ext4', 'fails'].map(
        (name) => ended[name] ?? '',
      );
      for (const failed of [killed, cut, all]) expect(failed).toContain(cause);
      expect(killed).toMatch(/^failed\nClaimError: replace \/ process-kill is lossy, and claims to be durable\n/);
      expect(killed).toMatch(/stores\/a\.test\.mjs:5:/); // the call of crashTest
      expect(killed).toMatch(replay('process-kill'));
      expect(cut).toMatch(replay('power-loss:ext4'));
      expect(all).toContain('expected ./stores/wrong.cjs to survive\n\n1  wrong: ');
      expect(all).toMatch(replay('process-kill'));
      expect(Object.keys(ended)).toHaveLength(7);
    });

    const CANNOT = `
      import { crashTest } from 'crash-matrix/vitest';
      import { expect, test } from 'vitest';
      crashTest('./right.cjs', { scenario: 'replace', model: 'power-cut:ext4' });
      test('survives', { timeout: 300_000 }, () => expect('./right.cjs').toSurvive({ model: 'power-cut:ext4' }));
    `;

    test('what this machine cannot do is skipped, and fails in CI', async () => {
      // Without programs, no file system can be made: a power cut is not possible.
      const [here, inCi] = [await tested(CANNOT, { PATH: '' }), await tested(CANNOT, { PATH: '', CI: 'true' })];
      expect(Object.values(here)).toEqual(['skipped', 'skipped']);
      const reason = /^failed\nUnavailableError: .*model power-cut:ext4 (?:needs|is not possible here).*; run "crash-matrix doctor"/;
      expect(Object.values(inCi)).toEqual([expect.stringMatching(reason), expect.stringMatching(reason)]);
    });

    test('what cannot run fails in a test of its own, and others go on', async () => {
      const ended = await tested(`
        import { crashTest } from 'crash-matrix/vitest';
        import { test } from 'vitest';
        crashTest('./unfit.cjs');
        crashTest('./right.cjs', { modle: 'race', name: 'mistyped' });
        test('another', () => {});
      `);
      expect(ended).toEqual({
        './stores/unfit.cjs is a store that can be run': expect.stringContaining('is not a store'),
        'mistyped is a store that can be run': expect.stringContaining('unknown option "modle"; did you mean model?'),
        another: 'passed',
      });
    });

    test('the guide shows what happens', async () => {
      const guide = readFileSync(join(root, 'docs/guide/in-tests.md'), 'utf8');
      const [firstOfVitest, ofNode] = ['ts\nimport { crashTest }', 'js\nimport assert'].map(
        (start) =>
          guide
            .split('```')
            .find((block) => block.startsWith(start))
            ?.replace(/^\w+\n/, '') ?? '',
      );
      const shown =
        guide
          .split('```')
          .find((block) => block.startsWith('\nClaimError'))
          ?.trim() ?? '';
      const [store = ''] = /(?<=```ts\n).*?(?=```)/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
      place.write({ 'stores/notes.ts': store, 'stores/notes.node-test.mjs': ofNode ?? '' });
      const ended = await tested(firstOfVitest ?? '');
      const asInTheGuide = (text: string): string => text.replaceAll('stores/', '').replace(/\s+/g, ' ');
      expect(asInTheGuide(ended['./stores/notes.ts replace / process-kill'] ?? '')).toContain(asInTheGuide(shown));
      expect(ended['./stores/notes.ts replace / power-loss:ext4']).toContain('load() failed');
      const { stdout } = await execa(process.execPath, ['--test', 'stores/notes.node-test.mjs'], { cwd: place.root, reject: false });
      expect(stdout).toMatch(/not ok \d+ - replace process-kill .*notes\.ts:4 writes the file that load reads in place/s);
      expect(stdout).toMatch(/^ +ok \d+ - replace power-loss posix/m);
    });

    test('only what is not filtered out runs, and its cells are kept', async () => {
      const ended = await tested(
        `
        import { crashTest } from 'crash-matrix/vitest';
        crashTest('./right.cjs', { scenario: ['replace', 'first-save'], model: 'process-kill', cacheDir: './kept' });`,
        {},
        ['-t', 'first-save'],
      );
      expect(ended).toEqual({
        './stores/right.cjs first-save / process-kill': 'passed',
        './stores/right.cjs replace / process-kill': 'skipped',
      });
      const kept = readdirSync(join(place.root, 'kept'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
      expect(kept).toHaveLength(1);
    });
  });
});
