import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { resultSchema } from '../../harness/domain/result.ts';
import { htmlReport } from '../../harness/report/html.ts';
import { jsonReport } from '../../harness/report/json.ts';
import { expectNothingLeft, openPlace } from '../lab/command.ts';
import { failing } from '../report/fixture.ts';

const place = openPlace();
afterAll(() => place.close());

const page = htmlReport(resultSchema.parse(JSON.parse(jsonReport(failing))));
const pathOf = (name: string): string => join(place.root, name);

/** A directory of programs in which the openers of Linux and macOS write down what they are to open. */
const opener = (name: string, exitCode: number): string => {
  const directory = pathOf(name);
  mkdirSync(directory);
  for (const program of ['xdg-open', 'open']) {
    writeFileSync(join(directory, program), `#!/bin/sh\necho "$1" > '${directory}/opened'\nexit ${exitCode}\n`);
    chmodSync(join(directory, program), 0o755);
  }
  return directory;
};
const works = opener('works', 0);
const openedIn = (directory: string): string => readFileSync(join(directory, 'opened'), 'utf8').trim();

test('opens a page, and says which', async () => {
  place.write({ 'a report.html': page });
  const tmp = place.tmp();
  const { exitCode, stdout, stderr } = await place.run(['show', 'a report.html'], { env: { PATH: works }, tmp });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: pathOf('a report.html'), stderr: '' });
  expect(openedIn(works)).toBe(pathOf('a report.html'));
  await expectNothingLeft(tmp);
});

test('makes the page of a result beside it, and again where one is there already', async () => {
  place.write({ 'crash-matrix.json': jsonReport(failing) });
  for (let times = 0; times < 2; times += 1) {
    const { exitCode } = await place.run(['show', 'crash-matrix.json'], { env: { PATH: works } });
    expect(exitCode).toBe(0);
    expect(openedIn(works)).toBe(pathOf('crash-matrix.html'));
    expect(readFileSync(pathOf('crash-matrix.html'), 'utf8') === page).toBe(true);
  }
  const { stdout } = await place.run(['show'], { env: { PATH: works } });
  expect(stdout).toBe(pathOf('crash-matrix.html'));
});

test('leaves another file of that name alone', async () => {
  place.write({ 'mine.json': jsonReport(failing), 'mine.html': '<h1>mine</h1>' });
  const tmp = place.tmp();
  const { stdout } = await place.run(['show', 'mine.json'], { env: { PATH: works }, tmp });
  expect(stdout).toBe(join(tmp, 'crash-matrix-mine.html'));
  expect(readFileSync(stdout, 'utf8') === page).toBe(true);
  expect(readFileSync(pathOf('mine.html'), 'utf8')).toBe('<h1>mine</h1>');
});

test.each([
  ['fails', () => opener('fails', 3), /open it yourself: \S+ could not/],
  ['is not there', () => pathOf('nothing'), /open it yourself: there is no \S+ here/],
])('prints the path where the opener %s', async (_, path, message) => {
  place.write({ 'page.html': page });
  const { exitCode, stdout, stderr } = await place.run(['show', 'page.html'], { env: { PATH: path() } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: pathOf('page.html') });
  expect(stderr).toMatch(message);
});

test.each([
  ['no file', 'none.json', undefined, /show none\.json: it cannot be read: ENOENT/],
  [
    'half a result',
    'cut.json',
    '{"schema": "crash-matrix/1", "cells": [1, 2',
    /show cut\.json: it is cut off in line 1: .*\nA run writes one/,
  ],
  ['a foreign page', 'foreign.html', '<html></html>', /foreign\.html: it is no report of crash-matrix/],
  ['half a page', 'half.html', page.slice(0, -100), /half\.html: it is no report of crash-matrix, or only a part of one/],
])('refuses %s', async (_, name, text, message) => {
  if (text !== undefined) place.write({ [name]: text });
  const { exitCode, stdout, stderr } = await place.run(['show', name], { env: { PATH: works } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(message);
  expect(existsSync(pathOf(name.replace('.json', '.html'))) && name.endsWith('.json')).toBe(false);
});

test('says how to make a report where no report is', async () => {
  const empty = pathOf('empty');
  mkdirSync(empty);
  const { exitCode, stderr } = await place.run(['show'], { cwd: empty, env: { PATH: works } });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/there is no crash-matrix\.html or crash-matrix\.json here\n.*--reporter html=crash-matrix\.html/);
});
