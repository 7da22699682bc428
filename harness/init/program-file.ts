/** A command line as a store file, which can grow: claims, known bugs, an environment. */
import { relative } from 'node:path';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Program } from '../domain/program.ts';
import type { NewFile } from './files.ts';

export function programFile({ name }: Pick<LoadedStore, 'name'>, { command, directory, cwd, setup, check }: Program): NewFile {
  const path = `${name}.ts`;
  const text = (value: unknown): string => JSON.stringify(value).replaceAll('","', '", "');
  const lines = [
    `  name: ${text(name)},`,
    `  directory: ${text(relative(cwd, directory) || '.')},`,
    ...(setup === undefined ? [] : [`  setup: ${text(setup)},`]),
    `  command: ${text(command)},`,
    ...(check === undefined ? [] : [`  check: ${text(check)},`]),
    "  // What it promises: 'durable', 'atomic' (an earlier state may come back) or 'lossy' (nothing). A claim that is broken fails the run.",
    "  claims: { 'process-kill': 'durable', 'power-loss': 'atomic', 'io-error': 'durable' },",
  ];
  return {
    path,
    text: [
      "import { defineStore } from 'crash-matrix';",
      '',
      `/** crash-matrix run --store ./${path} */`,
      'export default defineStore({',
      ...lines,
      '});',
      '',
    ].join('\n'),
  };
}
