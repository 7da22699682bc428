/** What the README shows is what happens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { COMMANDS } from '../harness/cli/all.ts';
import { EFFORT_NAMES } from '../harness/domain/effort.ts';
import { OUTCOME_NAMES, OUTCOMES } from '../harness/domain/outcomes.ts';
import { findInstallation } from '../harness/machine/installation.ts';
import { MODELS, VARIANTS } from '../harness/models/all.ts';
import { RECORDERS } from '../harness/record/all.ts';
import { REPORTERS } from '../harness/report/all.ts';
import { BUILT_IN_STORES } from '../harness/store/catalogue.ts';
import { builtInScenarios } from '../scenarios/all.ts';
import { openPlace } from './lab/command.ts';

const { root } = findInstallation(import.meta.url);
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const place = openPlace();
afterAll(() => place.close());

/** The code blocks of a language, in order. */
const blocks = (language: string): string[] =>
  [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, of, code = '']) => (of === language ? [code] : []));
/** The block that begins so. */
const blockOf = (start: string): string => {
  const found = blocks('').find((block) => block.startsWith(start));
  if (found === undefined) throw new Error(`the README has no block that begins with ${start}`);
  return found;
};
test('the two commands are scripts of the package', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { [name: string]: string } };
  expect(readme).toContain('npm ci && npm run matrix\nnpm ci && npm test\n');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['matrix', 'test', 'bench']));
});

test.each(MODELS.map((model) => [model.name, model] as const))('the row of %s names its profiles', (name, { profiles }) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
  expect(row).not.toBe('');
  for (const profile of profiles) if (profile.name !== undefined) expect(row).toContain(`\`:${profile.name}\``);
});

test('the store of the README has the matrix that it shows', async () => {
  place.write({ 'notes.ts': blocks('ts')[0] ?? '' });
  const shown = ['1  notes', 'process-kill  '].map(blockOf);
  const { exitCode, stdout } = await place.run(['run', '--store', './notes.ts', '--scenario', 'first-save,replace']);
  const squeezed = (text: string): string => text.replace(/ +/g, ' ');
  for (const line of shown.flatMap((block) => block.trim().split('\n'))) expect(squeezed(stdout)).toContain(squeezed(line));
  expect(exitCode).toBe(1);
});

test('the failure of the README is what replay shows', async () => {
  const shown = blockOf('rename-away / replace');
  const id = /replay +crash-matrix replay (\S+)/.exec(shown)?.[1] ?? '';
  const { stdout } = await place.run(['replay', id], { env: { COLUMNS: '140' }, cwd: root });
  const lines = shown.trim().split('\n');
  for (const line of lines.filter((text) => !text.includes('until op') && !text.includes('bytes'))) expect(stdout).toContain(line);
  const until = /until op (\d+) +(.*?) {3}/.exec(shown);
  expect(stdout).toMatch(new RegExp(`\\* ${until?.[1]} +${until?.[2]?.replace(/[.*+?^$|()[\]{}]/g, '\\$&')}`));
});

test.each([
  ['copy-then-replace-unsynced / replace', ['--scenario', 'replace', '--model', 'power-loss:xfs', '--depth', '1']],
  ['copy-then-replace / update', ['--scenario', 'update', '--model', 'io-error']],
])('what the README shows of %s is what a run finds', async (heading, cell) => {
  const shown = blockOf(heading);
  const store = heading.split(' ')[0] ?? '';
  const { stdout } = await place.run(['run', '--store', store, ...cell, '--reporter', 'markdown'], { cwd: root });
  // The report leaves out how many bytes there are, and wraps lines elsewhere.
  const squeezed = (text: string): string => text.replace(/ \d+\.\.\d+| \([\d,]+ bytes\)/g, '').replace(/\s+/g, ' ');
  const rows = shown.trim().split(/\n {2}(?! )/);
  expect(rows.length).toBeGreaterThan(5);
  for (const row of rows) expect(squeezed(stdout)).toContain(squeezed(row));
});

/** The rows of the table with this in its head, each as its cells. */
const rowsOf = (head: string): string[][] => {
  const [table = ''] = new RegExp(`^\\| ${head} .*\\n\\| -.*\\n(?:\\|.*\\n)*`, 'm').exec(readme) ?? [];
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) => [...row.matchAll(/\| +(.*?) +(?=\|)/g)].map(([, cell = '']) => cell));
};

test.each<[string, readonly { readonly name: string }[]]>([
  ['scenario', builtInScenarios(0)],
  ['outcome', OUTCOME_NAMES.map((name) => ({ name }))],
  ['model', MODELS],
  ['command', COMMANDS],
  ['effort', EFFORT_NAMES.map((name) => ({ name }))],
  ['reporter', REPORTERS],
  ['recorder', RECORDERS],
])('the table of each %s lists what there is', (head, all) => {
  expect(rowsOf(head).map(([name]) => name)).toEqual(all.map(({ name }) => `\`${name}\``));
});

test('the table of outcomes has their letters and meanings', () => {
  const expected = OUTCOME_NAMES.map((name) => [`\`${name}\``, `\`${OUTCOMES[name].letter}\``, OUTCOMES[name].meaning]);
  expect(rowsOf('outcome')).toEqual(expected);
});

test('the table of models names their profiles', () => {
  const rows = new Map(
    rowsOf('model').map(([name = '', what = '']) => [name, [...what.matchAll(/`:([\w-]+)`/g)].map(([, profile]) => profile)]),
  );
  for (const { name, profiles } of new Set(VARIANTS.map(({ model }) => model)))
    expect(rows.get(`\`${name}\``)).toEqual(profiles.flatMap((profile) => profile.name ?? []));
});

test('the flags that it names exist', async () => {
  const { stdout } = await place.run(['run', '--help']);
  const flags = /`crash-matrix run --help` has the rest: (.*)/.exec(readme)?.[1]?.match(/--[\w-]+/g) ?? [];
  expect(flags.length).toBeGreaterThan(5);
  for (const flag of flags) expect(stdout).toContain(flag);
});

test('every built-in store is a strategy, or the writer of results', () => {
  const strategies = readdirSync(join(root, 'src/strategies')).map((file) => file.replace('.ts', ''));
  expect([...strategies, 'result-writer']).toEqual(expect.arrayContaining(BUILT_IN_STORES.map(({ name }) => name)));
});
