/** The rules of the layout, as DESIGN and README state them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findInstallation } from '../harness/machine/installation.ts';
import { MODELS } from '../harness/models/all.ts';
import { backwardImports, circlesOf, homelessFiles, type Imports, importsBetweenModels, importsOf, namedModels } from './lab/layout.ts';

const { root } = findInstallation(import.meta.url);
const sources = ['harness', 'src', 'scenarios'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, file)),
);
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const textOf = (file: string): string => texts.get(file) ?? '';
const imports: Imports = new Map(sources.map((file) => [file, importsOf(file, textOf(file))]));
const models = MODELS.map(({ name }) => name);

/** The sources with one file more, or with a line more in one. */
const planted = (file: string, line: string): Imports => new Map([...imports, [file, importsOf(file, `${line}\n${textOf(file)}`)]]);

describe('imports follow the flow', () => {
  test('from later rooms to earlier ones, types too', () => {
    expect(homelessFiles(sources)).toEqual([]);
    expect(backwardImports(imports)).toEqual([]);
  });

  test('without circles', () => {
    expect(circlesOf(imports)).toEqual([]);
  });

  test('and no model imports another', () => {
    expect(importsBetweenModels(imports)).toEqual([]);
  });

  test('every import names a source', () => {
    const known = new Set(sources);
    expect(
      [...imports].flatMap(([file, paths]) => paths.filter((path) => !known.has(path)).map((path) => `${file} imports ${path}`)),
    ).toEqual([]);
  });

  test.each([
    ['a backward import', 'harness/judge/outcome.ts', `import { grid } from '../report/grid.ts';`, 'harness/report/grid.ts'],
    ['a type', 'harness/judge/outcome.ts', `import type { Cell } from '../models/model.ts';`, 'harness/models/model.ts'],
    ['a type among values', 'harness/domain/tree.ts', `import { type Bench, x } from '../bench/bench.ts';`, 'harness/bench/bench.ts'],
    ['a type by its path', 'harness/domain/tree.ts', `export type B = import('../bench/bench.ts').Bench;`, 'harness/bench/bench.ts'],
    ['an import when it runs', 'harness/domain/tree.ts', `const it = await import('../run.ts');`, 'harness/run.ts'],
    ['what is passed on', 'harness/domain/tree.ts', `export { check } from '../check.ts';`, 'harness/check.ts'],
    ['by the store under test', 'src/load-cache.ts', `import type { Json } from '../harness/domain/trace.ts';`, 'harness/domain/trace.ts'],
    ['of an entry point', 'harness/run.ts', `import './child/workload.ts';`, 'harness/child/workload.ts'],
    ['of the command line, by a child', 'harness/child/workload.ts', `import '../cli/main.ts';`, 'harness/cli/main.ts'],
  ])('planted: %s is reported', (_, file, line, path) => {
    expect(imports.has(file) && imports.has(path)).toBe(true);
    expect(backwardImports(planted(file, line))).toEqual([`${file} imports ${path}`]);
  });

  test.each([
    ['another model', 'harness/models/race/race.ts', `import '../process-kill/kill.ts';`, 'harness/models/process-kill/kill.ts'],
    [
      'a type of another model',
      'harness/models/crash/letters.ts',
      `import type { A } from '../race/race.ts';`,
      'harness/models/race/race.ts',
    ],
    ['the list of models', 'harness/models/held.ts', `import { MODELS } from './all.ts';`, 'harness/models/all.ts'],
  ])('planted in a model: %s is reported', (_, file, line, path) => {
    expect(importsBetweenModels(planted(file, line))).toEqual([`${file} imports ${path}`]);
  });

  test('planted: circles are reported, with the files on the way round', () => {
    const one = importsOf('harness/domain/tree.ts', `import type { Sighting } from './sighting.ts';`);
    const other = importsOf('harness/domain/sighting.ts', `import type { ScanCache } from './tree.ts';`);
    const circle = new Map([...imports, ['harness/domain/tree.ts', one], ['harness/domain/sighting.ts', other]]);
    expect(circlesOf(circle).map((files) => files.toSorted())).toEqual([['harness/domain/sighting.ts', 'harness/domain/tree.ts']]);
    const made = { a: ['b', 'x'], b: ['c'], c: ['a'], d: ['a', 'd'], x: ['y'], y: [] };
    expect(circlesOf(new Map(Object.entries(made)))).toEqual([['a', 'b', 'c'], ['d']]);
  });

  test('planted: a folder that is no room is reported', () => {
    expect(homelessFiles([...sources, 'harness/utils/strings.ts', 'harness/helpers.ts'])).toEqual([
      'harness/utils/strings.ts',
      'harness/helpers.ts',
    ]);
  });
});

describe('nothing outside its folder names a model', () => {
  test('in a string', () => {
    expect(sources.flatMap((file) => namedModels(file, textOf(file), models))).toEqual([]);
  });

  test.each([
    ['a comparison', 'harness/report/grid.ts', `if (model === 'race') {}`],
    ['a variant', 'harness/run.ts', `const name = "power-loss:xfs";`],
    ['a text with a hole', 'harness/run.ts', `const name = \`power-loss:\${profile}\`;`],
    ['a key', 'harness/report/grid.ts', `const titles = { 'io-error': 'failing calls' };`],
    ['a type', 'harness/domain/store.ts', `type Named = 'interleaving' | 'process-kill';`],
    ['another model', 'harness/models/race/race.ts', `if (model === 'interleaving') {}`],
  ])('planted: %s is reported', (_, file, line) => {
    expect(namedModels(file, line, models)).not.toEqual([]);
  });

  test.each([
    ['its own folder', 'harness/models/race/race.ts', `if (model === 'race') {}`],
    ['a comment', 'harness/run.ts', `// 'race'\n/** 'race' */`],
    ['words', 'harness/run.ts', `const text = 'a race of two';`],
    ['a claim that is borrowed', 'harness/models/race/race.ts', `const claim = { borrows: 'interleaving' };`],
  ])('%s is fine', (_, file, line) => {
    expect(namedModels(file, line, models)).toEqual([]);
  });
});

/**
 * Programs of their own, besides the command line: they talk to the harness through their channels and end by themselves. And what is a part of
 * somebody's tests.
 */
const PROGRAMS = [/^harness\/(?:cli|child|calibrate|benchmarks|pictures|vitest)\//, /^harness\/record\/ptrace\/tracer\.ts$/];

test('only programs print, read the environment or exit', () => {
  const forbidden = /console\.|process\.(env|exit\b|exitCode|stdout|stderr|argv)/;
  const offenders = sources.filter(
    (file) => file.startsWith('harness/') && !PROGRAMS.some((program) => program.test(file)) && forbidden.test(textOf(file)),
  );
  expect(offenders).toEqual([]);
});

test('the store under test knows nothing of the harness', () => {
  const known = sources.filter((file) => file.startsWith('src/')).flatMap((file) => imports.get(file) ?? []);
  expect(known.filter((path) => !path.startsWith('src/'))).toEqual([]);
});

test('no source imports a test', () => {
  const fromTests = [...imports].flatMap(([file, paths]) =>
    paths.filter((path) => path.startsWith('test/')).map((path) => `${file} imports ${path}`),
  );
  expect(fromTests).toEqual([]);
});

test('reports never touch a store’s directory', () => {
  const touching = sources.filter((file) => file.startsWith('harness/report/') && /from 'node:fs/.test(textOf(file)));
  expect(touching).toEqual([]);
});

test('no file is longer than one can keep in mind, and none is a barrel', () => {
  expect(sources.filter((file) => textOf(file).split('\n').length > 420)).toEqual([]);
  expect(sources.filter((file) => file !== 'harness/index.ts' && /^export \* from/m.test(textOf(file)))).toEqual([]);
});

/** As `import { z }` or `import fc` they are one object, of which a bundle keeps all: 0.8 MB that Node would compile at each start. */
test('large packages are imported as namespaces', () => {
  const asOneObject = /^import (?!(?:type )?\* as ).* from '(?:zod|fast-check)';/m;
  expect(asOneObject.test(`import { z } from 'zod';`)).toBe(true);
  expect(sources.filter((file) => asOneObject.test(textOf(file)))).toEqual([]);
});
