/** The rules of the layout, as DESIGN and README tell them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findInstallation } from '../harness/machine/installation.ts';

const { root } = findInstallation(import.meta.url);
const sources = ['harness', 'src', 'scenarios'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
);
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const importsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']*)'/gms)].map(([, path = '']) =>
    relative(root, resolve(root, dirname(file), path)),
  );

/** Programs of their own, besides the command line: they talk to the harness through their channels and end by themselves. */
const PROGRAMS = [/^harness\/(?:cli|child|calibrate|benchmarks)\//, /^harness\/record\/ptrace\/tracer\.ts$/];

test('only programs print, read the environment or exit', () => {
  const forbidden = /console\.|process\.(env|exit\b|exitCode|stdout|stderr|argv)/;
  const offenders = sources.filter(
    (file) => file.startsWith('harness/') && !PROGRAMS.some((program) => program.test(file)) && forbidden.test(textOf(file)),
  );
  expect(offenders).toEqual([]);
});

test('the store under test knows nothing of the harness', () => {
  expect(
    sources
      .filter((file) => file.startsWith('src/'))
      .flatMap(importsOf)
      .filter((path) => !path.startsWith('src/')),
  ).toEqual([]);
});

test('no source imports a test', () => {
  const fromTests = sources.flatMap((file) =>
    [...textOf(file).matchAll(/(?:from|import\() ?'(\.[^']*)'/g)]
      .map(([, path = '']) => relative(root, resolve(root, dirname(file), path)))
      .filter((path) => path.startsWith('test/'))
      .map((path) => `${file} imports ${path}`),
  );
  expect(fromTests).toEqual([]);
});

/** The stages in the order of the flow; a stage may import from itself and from those before it. */
const STAGES = ['record', 'explore', 'recover', 'judge', 'explain', 'report', 'cli'];

test('imports follow the flow', () => {
  const stageOf = (path: string): number => STAGES.findIndex((stage) => path.startsWith(`harness/${stage}/`));
  const backwards = sources.flatMap((file) => {
    const from = stageOf(file);
    return from < 0
      ? []
      : importsOf(file)
          .filter((path) => stageOf(path) > from)
          .map((path) => `${file} imports ${path}`);
  });
  expect(backwards).toEqual([]);
  expect(
    sources
      .filter((file) => file.startsWith('harness/') && !PROGRAMS.some((program) => program.test(file)))
      .flatMap(importsOf)
      .filter((path) => path.startsWith('harness/cli/')),
  ).toEqual([]);
});

test('reports never touch a store’s directory', () => {
  const touching = sources.filter((file) => file.startsWith('harness/report/') && /from 'node:fs/.test(textOf(file)));
  expect(touching).toEqual([]);
});

test('no file is longer than one can keep in mind, and none is a barrel', () => {
  expect(sources.filter((file) => textOf(file).split('\n').length > 420)).toEqual([]);
  expect(sources.filter((file) => file !== 'harness/index.ts' && /^export \* from/m.test(textOf(file)))).toEqual([]);
});
