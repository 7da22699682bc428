/** The writer of the harness's result files, as a store under test: one file that each save replaces. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claims, ModuleStore } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import { replaceFile } from '../machine/replace-file.ts';

export function resultWriter(name: string, claims: Claims): ModuleStore<Json> {
  const file = (directory: string): string => join(directory, 'crash-matrix.json');
  return {
    name,
    claims,
    save: (directory, value) => replaceFile(file(directory), `${JSON.stringify(value)}\n`),
    load: async (directory) => {
      const text = await readFile(file(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : JSON.parse(text);
    },
  };
}
