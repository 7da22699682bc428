/** `crash-matrix diagnose`, on directories that are damaged, healthy, foreign or no directories at all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPlace, type Place } from '../lab/command.ts';

const NOTES = `
const fs = require('node:fs');
const { join } = require('node:path');
module.exports = {
  save: (dir, notes) => fs.writeFileSync(join(dir, 'notes.json'), JSON.stringify(notes)),
  load: (dir) => (fs.existsSync(join(dir, 'notes.json')) ? JSON.parse(fs.readFileSync(join(dir, 'notes.json'), 'utf8')) : {}),
};
`;

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({ 'notes.cjs': NOTES });
});
afterAll(() => place.close());

const directory = (name: string, files: { readonly [path: string]: string }): string => {
  mkdirSync(join(place.root, name));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(place.root, name, path), text);
  return name;
};
const diagnose = (path: string, ...more: string[]) =>
  place.run(['diagnose', path, '--store', './notes.cjs', '--scenario', 'large', '--model', 'process-kill', ...more]);

describe('a directory', () => {
  test('that a kill left is found, with the line that did it, and nothing of its contents is shown', async () => {
    const { stdout, exitCode } = await diagnose(directory('cut', { 'notes.json': '{"secret":"of mi', 'notes.txt': 'mine' }));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/killed inside op 2 +write notes\.json/);
    expect(stdout).toContain('notes.cjs:5');
    expect(stdout).toMatch(/notes\.json +cut off/);
    expect(stdout).toContain('left out, because no run of the store makes it: notes.txt');
    expect(stdout).toContain('crash-matrix replay notes/large/process-kill@2~torn=');
    expect(stdout).not.toContain('secret');
  });

  test('that a damage or a race left is found, with how it came about', async () => {
    const cut = directory('damaged', { 'notes.json': '{"secret":"of mi' });
    const of = (scenario: string, model: string) =>
      place.run(['diagnose', cut, '--store', './notes.cjs', '--scenario', scenario, '--model', model]).then(({ stdout }) => stdout);
    expect(await of('replace', 'at-rest')).toMatch(/started with +notes\.json, cut off/);
    expect(await of('replace', 'at-rest')).not.toContain('no kill');
    expect(await of('two-savers', 'interleaving')).toMatch(/saver [AB] +.*open notes\.json/);
  });

  test('that no case leaves is said to be none, with what the nearest differ in', async () => {
    const { stdout, exitCode } = await diagnose(directory('nul', { 'notes.json': '\0\0\0\0' }));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/none of \d+ cases leaves a directory like this one/);
    expect(stdout).toContain('notes.json: zeros, not ');
  });

  test('of another store', async () => {
    const { stdout } = await diagnose(directory('foreign', { 'photo.png': 'x' }));
    expect(stdout).toContain('is this the directory that the store was given?');
  });
});

test('a case as the draft of an issue: what was lost, what shows it, and the versions', async () => {
  const id = 'notes/large/process-kill@2~torn=4096';
  const { stdout, exitCode } = await place.run(['replay', id, '--store', './notes.cjs', '--issue']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^# notes: unreadable after a crash in `large`\n/);
  expect(stdout).toContain(`npx crash-matrix replay ${id} --store ./notes.cjs\n`);
  expect(stdout).toContain('── killed here, 4,096 bytes into op 2 ──');
  expect(stdout).toContain(`Node ${process.version}, ${process.platform}-${process.arch}`);
});

test('a shell needs a terminal', async () => {
  const { stderr, exitCode } = await place.run(['replay', 'notes/large/process-kill@2', '--store', './notes.cjs', '--shell']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Use --keep DIR instead')]);
});

test.each([
  ['nowhere', ['nowhere'], 'nowhere cannot be read: ENOENT'],
  ['a file', ['notes.cjs'], 'notes.cjs is no directory'],
  ['random histories alone', ['.', '--scenario', 'histories'], 'random histories keep no directories'],
])('%s is usage', async (_, args, message) => {
  const { stderr, exitCode } = await place.run(['diagnose', ...args, '--store', './notes.cjs']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});
