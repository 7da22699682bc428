/** The files that a scenario brings: read once, before anything runs. */
import { readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import type { PlannedScenario, Scenario } from '../domain/scenario.ts';
import type { Tree } from '../domain/trace.ts';
import { scanTree } from '../domain/tree.ts';

/** `base`: what the path is relative to. Throws `UsageError` where it is no directory with files that can be copied. */
export function withFiles({ files, ...scenario }: PlannedScenario, base: string): Scenario {
  if (files === undefined) return scenario;
  return { ...scenario, files: { ...files, tree: readFixture(resolve(base, files.directory), scenario.name) } };
}

function readFixture(directory: string, scenario: string): Tree {
  const what = `scenario ${scenario}: the directory of its files, ${directory},`;
  let tree: Tree;
  try {
    if (!statSync(directory).isDirectory())
      throw new UsageError(`${what} is no directory`, 'Name the directory that holds them, relative to the file of the store.');
    readdirSync(directory);
    tree = scanTree(directory);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new UsageError(`${what} does not exist`, 'Name a directory that does, relative to the file of the store.')
      : new UsageError(`${what} cannot be read: ${message}`, 'Copy it, with the rights to read all of it, and name the copy.');
  }
  const other = [...tree].find(([, { kind }]) => kind === 'other')?.[0];
  if (other !== undefined)
    throw new UsageError(
      `${what} holds ${other}, which is a device, a socket or a pipe`,
      'Take it out: files, directories and symlinks can be copied.',
    );
  if (![...tree.values()].some(({ kind }) => kind === 'file'))
    throw new UsageError(`${what} holds no file`, 'Put the files there with which the store is to start.');
  return tree;
}
