/** From a file that someone wrote to a store that runs, or to an error that says what is wrong with it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/domain/errors.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Json } from '../../harness/domain/trace.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { MODEL_NAMES } from '../../harness/models/all.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { bundleForFake, loadStore } from '../../harness/store/load.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { SAVES, UPDATES } from '../lab/abilities.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { directoryWith, NEXT, poolIn } from '../recover/recovering.ts';

const installation = findInstallation(import.meta.url);
const NOW = Date.UTC(2026, 10, 22);
/** Those that need no update. */
const PLAIN = ['first-save', 'replace', 'save-unchanged', 'reset', 'save-twice', 'rotate-often', 'large'].concat(
  'two-savers',
  'reader-while-saving',
  'histories',
);

let root: string;
let outdir: string;
let pool: RecoveryPool;
beforeAll(() => {
  root = temporaryDirectory();
  outdir = join(root, 'out');
  mkdirSync(outdir);
  pool = poolIn(root, { workers: 2 });
});
afterAll(async () => {
  await pool.close();
  rmSync(root, { recursive: true, force: true });
});

/** Writes files (path relative to the root -> text). */
function write(files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function load(argument: string, timeoutMs = 60_000): Promise<LoadedStore> {
  const env = { PATH: process.env.PATH ?? '' };
  const facts = { scenarios: builtInScenarios(NOW), now: NOW, modelNames: MODEL_NAMES };
  return loadStore(argument, { installation, outdir, cwd: root, env, ...facts, timeoutMs });
}

/** What the store's `load` returns, in a process of its own. */
async function loadedBy(store: LoadedStore): Promise<Json | undefined> {
  const recovery = await pool.fresh({ bundle: store.bundle, directory: directoryWith(root), next: NEXT });
  if (recovery.load.kind !== 'loaded') throw new Error(JSON.stringify(recovery.load));
  return recovery.load.value;
}

const FINE = 'save: () => {}, load: () => null';

describe('a file is refused with words that help', () => {
  interface Refused {
    readonly what: string;
    readonly file?: string;
    readonly text?: string;
    readonly argument?: string;
    readonly message: string;
    readonly detail?: string;
    readonly timeoutMs?: number;
  }
  // What may stand in a store: description.test.ts.
  const CASES: readonly Refused[] = [
    { what: 'no file', argument: './nothing.ts', message: 'store ./nothing.ts: there is no file' },
    {
      what: 'an unknown name',
      argument: 'renam-away',
      message: 'unknown store "renam-away"; did you mean rename-away?',
      detail: '--store ./notes.ts',
    },
    { what: 'a name far from all', argument: 'xyzzy', message: 'unknown store "xyzzy". Known: rename-away' },
    { what: 'a directory', argument: './out', message: 'store ./out is no file', detail: 'Name the module' },
    { what: 'no code', text: 'export default {', message: 'does not build', detail: 'no-code.ts:1:16' },
    {
      what: 'an import of nothing',
      text: `import x from './nowhere.ts'; export default x;`,
      message: 'does not build',
      detail: 'Could not resolve "./nowhere.ts"',
    },
    {
      what: 'an import of no package',
      text: `import x from 'no-such-package'; export default x;`,
      message: 'does not build',
      detail: 'Install what is missing: npm install no-such-package',
    },
    {
      what: 'a throw',
      text: `\nconst boom = (): never => { throw new TypeError('not today'); };\nboom();\nexport default {};`,
      message: 'threw while it was loaded',
      detail: 'TypeError: not today',
    },
    {
      what: 'a throw has its line',
      text: `\nconst boom = (): never => { throw new TypeError('not today'); };\nboom();\nexport default {};`,
      message: 'threw',
      detail: 'a-throw-has-its-line.ts:2',
    },
    { what: 'a throw of no error', text: `throw 'words'; export default {};`, message: 'threw while it was loaded', detail: 'words' },
    {
      what: 'a rejection',
      file: 'rejection.mjs',
      text: `await Promise.reject(new Error('later')); export default {};`,
      message: 'threw while it was loaded',
      detail: 'Error: later',
    },
    { what: 'an exit', text: 'process.exit(5); export default {};', message: 'ended its process while it was loaded (exit code 5)' },
    {
      what: 'a signal',
      text: `process.kill(process.pid, 'SIGKILL'); export default {};`,
      message: 'ended its process while it was loaded (SIGKILL)',
    },
    { what: 'a loop', text: 'for (;;); export default {};', timeoutMs: 500, message: 'was not loaded within 0.5 s' },
    {
      what: 'a wait',
      file: 'wait.mjs',
      text: 'await new Promise(() => setInterval(() => {}, 1000)); export default {};',
      timeoutMs: 500,
      message: 'was not loaded within 0.5 s',
    },
    { what: 'no export', text: 'const x = 1;', message: 'is not a store: load: expected a function' },
    {
      what: 'a named export only',
      text: `export const store = { ${FINE} };`,
      message: 'the default export is missing; expected { save, load }',
    },
    {
      what: 'an unknown model',
      text: `export default { ${FINE}, claims: { 'process-kil': 'durable' } };`,
      message: 'unknown model "process-kil"; did you mean process-kill?',
    },
    {
      what: 'an unknown scenario',
      text: `export default { ${FINE}, scenarios: ['replac'] };`,
      message: 'unknown scenario "replac"; did you mean replace',
    },
    {
      what: 'a history that throws',
      text: `export default { ${FINE}, scenarios: [{ name: 'x', catches: '', history: () => { throw new Error('no history'); } }] };`,
      message: 'threw while it was loaded',
      detail: 'no history',
    },
  ];
  test.concurrent.each(CASES)('$what', async ({ what, text, message, detail, timeoutMs, ...given }) => {
    const file = given.file ?? `${what.replaceAll(' ', '-')}.ts`;
    const argument = given.argument ?? `./${file}`;
    if (text !== undefined) write({ [file]: text });
    const error: unknown = await load(argument, timeoutMs).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(message);
    expect((error as UsageError).message).toContain(argument);
    expect((error as UsageError).message).not.toContain('\n');
    if (detail !== undefined) expect((error as UsageError).detail).toContain(detail);
  });
});

// It would never be looked for.
test('a known bug of an unknown scenario is refused', async () => {
  write({ 'misnamed.ts': `export default { ${FINE}, knownBugs: { replce: { 'process-kill': { grade: 'lossy' } } } };` });
  await expect(load('./misnamed.ts')).rejects.toThrow(UsageError);
});

describe('a file is taken, whatever it is written in', () => {
  const STORES: readonly (readonly [what: string, file: string, text: string, value: unknown])[] = [
    ['TypeScript', 'a.ts', `type Value = string; export default { save: (_: string) => {}, load: (): Value => 'typed' };`, 'typed'],
    ['TypeScript that is ESM', 'b.mts', `export default { save() {}, load: () => 'mts' };`, 'mts'],
    ['TypeScript that is CommonJS', 'c.cts', `export = { save() {}, load: () => 'cts' };`, 'cts'],
    ['CommonJS', 'd.cjs', `module.exports = { save() {}, load: () => 'cjs' };`, 'cjs'],
    ['CommonJS with a default', 'e.cjs', `exports.__esModule = true; exports.default = { save() {}, load: () => 'default' };`, 'default'],
    ['ESM', 'f.mjs', `export default { save() {}, load: () => 'mjs' };`, 'mjs'],
    [
      'ESM that waits at its top',
      'g.mjs',
      `const value = await Promise.resolve('waited'); export default { save() {}, load: () => value };`,
      'waited',
    ],
    [
      'a program that begins with #!',
      'h.js',
      `#!/usr/bin/env node\nmodule.exports = { save() {}, load: () => __filename.split('/').pop() };`,
      'h.js',
    ],
    [
      'defineStore',
      'i.ts',
      `import { defineStore } from 'crash-matrix'; export default defineStore({ save: () => {}, load: () => 'defined' });`,
      'defined',
    ],
    ['files beside it', 'j/j.ts', `import { value } from './other.js'; export default { save() {}, load: () => value };`, 'other'],
    ['JSON beside it', 'k/k.ts', `import value from './k.json'; export default { save() {}, load: () => value };`, { k: 1 }],
  ];
  test.concurrent.each(STORES)('%s', async (_, file, text, value) => {
    write({ [file]: text, 'j/other.ts': `export const value = 'other';`, 'k/k.json': '{"k":1}' });
    expect(await loadedBy(await load(`./${file}`))).toEqual(value);
  });

  test('it knows where it lies', async () => {
    const esm = `({ url: import.meta.url, dirname: import.meta.dirname, filename: import.meta.filename })`;
    write({
      'place/esm.ts': `import { inner } from './inner/inner.ts'; const here = ${esm}; export default { save() {}, load: () => ({ here, inner }) };`,
      'place/inner/inner.ts': `export const inner = ${esm};`,
      'place/waits.mjs': `const here = await ${esm}; export default { save() {}, load: () => here };`,
      'place/cjs.cjs': 'module.exports = { save() {}, load: () => [__dirname, __filename] };',
    });
    const place = (path: string): Json => ({
      url: `file://${root}/${path}`,
      dirname: dirname(join(root, path)),
      filename: join(root, path),
    });
    const [esmValue, waits, cjs] = await Promise.all(
      ['./place/esm.ts', './place/waits.mjs', './place/cjs.cjs'].map(async (file) => loadedBy(await load(file))),
    );
    expect(esmValue).toEqual({ here: place('place/esm.ts'), inner: place('place/inner/inner.ts') });
    expect(waits).toEqual(place('place/waits.mjs'));
    expect(cjs).toEqual([join(root, 'place'), join(root, 'place/cjs.cjs')]);
  });

  test('packages are the ones beside it, and lie where they lay', async () => {
    write({
      'app/node_modules/plain/package.json': '{"name":"plain","main":"main.js"}',
      'app/node_modules/plain/main.js': `exports.place = __dirname; exports.data = require('node:fs').readFileSync(__dirname + '/data.txt', 'utf8');`,
      'app/node_modules/plain/data.txt': 'data',
      'app/node_modules/modern/package.json': '{"name":"modern","type":"module","exports":"./main.js"}',
      'app/node_modules/modern/main.js': 'export const url = import.meta.url;',
      'app/node_modules/@scope/both/package.json':
        '{"name":"@scope/both","exports":{"./part":{"import":"./part.mjs","require":"./part.cjs"}}}',
      'app/node_modules/@scope/both/part.mjs': `export const part = 'esm';`,
      'app/node_modules/@scope/both/part.cjs': `exports.part = 'cjs';`,
      'app/cjs.js': `const { place, data } = require('plain'); module.exports = { save() {}, load: () => ({ place, data }) };`,
      'app/esm.ts': `import { data } from 'plain'; import { url } from 'modern'; import { part } from '@scope/both/part'; export default { save() {}, load: () => ({ data, url, part: typeof part }) };`,
      'app/later.ts': `export default { save() {}, load: async () => (await import('modern')).url };`,
    });
    expect(await loadedBy(await load('./app/cjs.js'))).toEqual({ place: join(root, 'app/node_modules/plain'), data: 'data' });
    const url = `file://${root}/app/node_modules/modern/main.js`;
    expect(await loadedBy(await load('./app/esm.ts'))).toEqual({ data: 'data', url, part: 'string' });
    expect(await loadedBy(await load('./app/later.ts'))).toBe(url);
  });

  test('the default export of a package is what Node gives to an ES module and to CommonJS', async () => {
    const imports = `import one from 'esm-default'; import { named } from 'esm-default'; import * as all from 'esm-default'; import two from 'cjs-default'; import three from 'mjs-default';`;
    const store = `export default { save() {}, load: () => [one(), named, all.named, two, three()] };`;
    write({
      'deps/node_modules/esm-default/package.json': '{"name":"esm-default","type":"module","exports":"./main.js"}',
      'deps/node_modules/esm-default/main.js': `export default () => 'esm'; export const named = 'named';`,
      'deps/node_modules/mjs-default/package.json': '{"name":"mjs-default","exports":"./main.mjs"}',
      'deps/node_modules/mjs-default/main.mjs': `export { one as default } from './one.mjs';`,
      'deps/node_modules/mjs-default/one.mjs': `export const one = () => 'mjs';`,
      'deps/node_modules/cjs-default/package.json': '{"name":"cjs-default","main":"main.js"}',
      'deps/node_modules/cjs-default/main.js': `exports.__esModule = true; exports.default = 'inner';`,
      'deps/a.mjs': `${imports} ${store}`,
      'deps/waits.mjs': `${imports} await 0; ${store}`,
      'deps/b.ts': `${imports} ${store}`,
    });
    const [plain, waits, typed] = await Promise.all(
      ['a.mjs', 'waits.mjs', 'b.ts'].map(async (file) => loadedBy(await load(`./deps/${file}`))),
    );
    expect(plain).toEqual(['esm', 'named', 'named', { __esModule: true, default: 'inner' }, 'mjs']);
    expect(waits).toEqual(plain);
    expect(typed).toEqual(['esm', 'named', 'named', 'inner', 'mjs']);
  });

  test('two files of one name do not get in the way of each other', async () => {
    write({
      'one/store.cjs': `module.exports = { save() {}, load: () => 1 };`,
      'two/store.cjs': `module.exports = { save() {}, load: () => 2 };`,
    });
    const [one, two] = await Promise.all([load('./one/store.cjs'), load('two/store.cjs')]);
    expect([one.name, two.name]).toEqual(['store', 'store']);
    expect([await loadedBy(one), await loadedBy(two)]).toEqual([1, 2]);
  });
});

describe('what a store says of itself', () => {
  test('is taken, and the rest is as usual', async () => {
    write({
      'plain notes.ts': `export default { ${FINE} };`,
      'all.ts': `import { defineScenario, save } from 'crash-matrix';
        export default { ${FINE}, update: () => {}, close: () => {}, name: 'all.of-it_1', empty: [], litter: 2, env: { A: '1' },
          claims: { 'process-kill': 'lossy' }, knownBugs: { replace: { 'process-kill': { grade: 'lossy', outcomes: ['empty'] } } },
          scenarios: ['replace', 'update', defineScenario({ name: 'own', catches: 'x', history: ({ value }) => ({ steps: [save(value('A'))] }) })] };`,
    });
    const plain = await load('./plain notes.ts');
    expect(plain).toMatchObject({
      name: 'plain-notes',
      argument: './plain notes.ts',
      kind: 'module',
      abilities: SAVES,
      claims: {},
      knownBugs: {},
      env: {},
    });
    expect(plain.scenarios.map(({ name }) => name)).toEqual(PLAIN);
    expect(plain).not.toHaveProperty('empty');
    const all = await load('./all.ts');
    expect(all).toMatchObject({
      name: 'all.of-it_1',
      abilities: UPDATES,
      empty: [],
      litter: 2,
      env: { A: '1' },
      claims: { 'process-kill': 'lossy' },
      knownBugs: { replace: { 'process-kill': { grade: 'lossy' } } },
    });
    expect(all.scenarios.map(({ name }) => name)).toEqual(['replace', 'update', 'own']);
  });

  test.each<[string, string, readonly string[]]>([
    ['one of its own besides', `scenarios: [own]`, [...PLAIN, 'own']],
    ['one of its own and a built-in one', `scenarios: ['reset', own]`, ['reset', 'own']],
    ['none', `scenarios: []`, []],
    ['built-in ones only', `scenarios: ['large']`, ['large']],
    ['one that it does not support', `scenarios: ['large', 'update']`, ['large']],
  ])('about its scenarios: %s', async (what, text, names) => {
    const file = `${what.replaceAll(' ', '-')}-scenarios.ts`;
    write({
      [file]: `const own = { name: 'own', catches: '', history: () => ({ steps: [{ kind: 'save', value: 1 }] }) }; export default { ${FINE}, ${text} };`,
    });
    expect((await load(`./${file}`)).scenarios.map(({ name }) => name)).toEqual(names);
  });

  test('a command is a store', async () => {
    write({
      'command.ts': `export default { saveCommand: ['sh', '-c', 'cat > "$0/value"', '{dir}'], loadCommand: ['cat', '{dir}/value'] };`,
    });
    const store = await load('./command.ts');
    expect(store).toMatchObject({ kind: 'command', abilities: SAVES });
    const recovery = await pool.fresh({ bundle: store.bundle, directory: directoryWith(root, { kept: 1 }), next: NEXT });
    expect(recovery).toEqual({
      load: { kind: 'loaded', value: { kept: 1 } },
      save: { kind: 'saved' },
      secondLoad: { kind: 'loaded', value: NEXT },
    });
  });
});

test('a bundle with its packages says which files it was made of, and by which they were found', async () => {
  write({
    'node_modules/made/package.json': `{ "main": "lib/made.js" }`,
    'node_modules/made/lib/made.js': 'exports.value = 1;',
    'bundled.ts': `import { value } from 'made'; import { other } from './other.ts'; export default { ${FINE}, empty: [value, other] };`,
    'other.ts': 'export const other = 2;',
  });
  const files: string[] = [];
  await bundleForFake(await load('./bundled.ts'), { installation, outdir, cwd: root, onBundled: (some) => files.push(...some) });
  const expected = ['bundled.ts', 'other.ts', 'package.json', 'node_modules/made/lib/made.js', 'node_modules/made/package.json'];
  expect(files).toEqual(expect.arrayContaining(expected.map((file) => join(root, file))));
});
