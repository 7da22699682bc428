/** `crash-matrix init` in an empty directory, over files that are there, and beside a package.json that cannot be read. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openPlace, type Place } from '../lab/command.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

/** An empty directory in which the package is installed. */
function project(name: string): string {
  const directory = join(place.root, name);
  mkdirSync(join(directory, 'node_modules'), { recursive: true });
  symlinkSync(findInstallation(import.meta.url).root, join(directory, 'node_modules/crash-matrix'));
  return directory;
}

test('what it writes runs as it is, and holds', async () => {
  const cwd = project('fresh');
  const first = await place.run(['init', '--yes', '--name', 'sessions', '--test', 'node', '--workflow'], { cwd });
  expect([first.exitCode, first.stderr]).toEqual([0, '']);
  for (const path of ['crash/sessions.mjs', 'crash-matrix.config.mjs', 'crash/sessions.test.mjs', '.github/workflows/crash-matrix.yml'])
    expect(first.stdout).toContain(`written  ${path}\n`);
  expect(first.stdout).toContain('npm install --save-dev crash-matrix');
  const run = await place.run(['run', '--scenario', 'replace', '--model', 'process-kill,power-loss:posix', '--observe'], { cwd });
  expect([run.exitCode, run.stdout]).toEqual([0, expect.stringContaining('every claim was kept')]);
});

test('a configuration of another kind is the one of the project, and no second one is written beside it', async () => {
  const cwd = project('configured');
  writeFileSync(join(cwd, 'crash-matrix.config.ts'), 'mine');
  const { stdout } = await place.run(['init', '--yes'], { cwd });
  expect(stdout).toContain('is there, left as it is  crash-matrix.config.ts\n');
  expect(stdout).toContain("see that crash-matrix.config.ts, which was there, names it: store: './crash/notes.mjs'");
  expect(existsSync(join(cwd, 'crash-matrix.config.mjs'))).toBe(false);
});

test('what is there is left as it is', async () => {
  const cwd = project('kept');
  writeFileSync(join(cwd, 'crash-matrix.config.mjs'), 'mine');
  const { stdout, exitCode } = await place.run(['init', '--yes'], { cwd });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('is there, left as it is  crash-matrix.config.mjs\n');
  expect(readFileSync(join(cwd, 'crash-matrix.config.mjs'), 'utf8')).toBe('mine');
  expect(existsSync(join(cwd, 'crash/notes.mjs'))).toBe(true);
  expect(existsSync(join(cwd, '.github'))).toBe(false);
});

test.each([
  ['a package.json that cannot be read', ['--yes'], '{ "name": ', 'package.json cannot be read: '],
  ['a name that is a path', ['--yes', '--name', '../notes'], '{}', 'a store cannot be named "../notes"'],
  ['a runner that nobody knows', ['--test', 'mocha'], '{}', 'Allowed choices are vitest, jest, node, none'],
])('%s is usage, and nothing is written', async (what, args, manifest, message) => {
  const cwd = project(what);
  writeFileSync(join(cwd, 'package.json'), manifest);
  const { stderr, exitCode } = await place.run(['init', ...args], { cwd });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(join(cwd, 'crash'))).toBe(false);
});
