/** Programs that are asked to quit by a signal: what they promised must be there when they are gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLeft, openPlace, type Place } from '../../lab/command.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

/** Writes beside and renames, twice. `onQuit`: its handler of SIGTERM. */
const program = (onQuit: string): string => `
import fs from 'node:fs';
const [, , dir] = process.argv;
const put = (name, text) => { fs.writeFileSync(dir + '/t', text); fs.renameSync(dir + '/t', dir + '/' + name); };
process.on('SIGTERM', () => { ${onQuit} });
for (const name of ['a', 'b']) {
  put(name, name);
  fs.writeSync(1, 'ack ' + name + '\\n');
  await new Promise(setImmediate);
}
`;

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({
    'dies.mjs': program('process.exit(0);'),
    'spoils.mjs': program(`fs.writeFileSync(dir + '/a', ''); process.exit(0);`),
    'stays.mjs': program('setInterval(() => {}, 1000);'),
    'check.sh': 'for n in $CRASH_MATRIX_ACKED; do test "$(cat data/$n)" = $n || exit 1; done\n',
    'save.sh': 'echo a > data/t; mv data/t data/a; echo ack a\n',
  });
});
afterAll(() => place.close());

const quits = (words: readonly string[], ...more: string[]) =>
  place.result(['--dir', 'data', '--check', 'sh check.sh', '--model', 'quit', ...more, '--', ...words]);
const script = (name: string): string[] => ['node', '--v8-pool-size=0', `${name}.mjs`, 'data'];

describe.skipIf(noPtrace !== undefined)('a program', () => {
  test('that is gone with all that it promised is durable, and no boundary is left out', async () => {
    const { exitCode, result } = await quits(script('dies'));
    expect(exitCode).toBe(0);
    const [cell] = result.cells;
    expect(cell).toMatchObject({ model: 'quit', grade: 'durable', violations: 0, notes: [] });
    expect(cell?.tried).toMatchObject({ kind: 'quits', asked: 2 * ((cell?.points ?? 0) - 1), asKills: 0 });
  });

  test('whose handler writes over what was promised is found, and the case is replayed', async () => {
    const { exitCode, result } = await quits(script('spoils'));
    expect(exitCode).toBe(1);
    const [lost] = result.cases.filter(({ violation }) => violation);
    expect(lost).toMatchObject({ outcome: 'lost', quitBy: expect.stringMatching(/^SIGTERM/), promised: expect.stringMatching(/^a/) });
    expect(result.cases.filter(({ violation, quitBy }) => violation && quitBy?.startsWith('SIGINT'))).toEqual([]);
    const tmp = place.tmp();
    const args = ['--dir', 'data', '--check', 'sh check.sh', '--', ...script('spoils')];
    const replayed = await place.run(['replay', lost?.id ?? '', ...args], { tmp });
    expect([replayed.exitCode, replayed.stderr]).toEqual([1, '']);
    expect(replayed.stdout).toContain('had promised a');
    await expectNothingLeft(tmp);
  });

  test('that takes the signal and does not end has hung, and is ended', async () => {
    const { result } = await quits(script('stays'), '--timeout', '1', '--effort', 'quick');
    const hung = result.cases.filter(({ outcome }) => outcome === 'hung');
    expect(hung.length).toBeGreaterThan(0);
    expect(hung.every(({ quitBy }) => quitBy?.startsWith('SIGTERM'))).toBe(true);
  });

  test('is not asked while a process that it started is at work, and the cell says so', async () => {
    const { result } = await quits(['sh', 'save.sh']);
    const [cell] = result.cells;
    expect(cell?.notes).toEqual([expect.stringMatching(/^not asked before \d+ ops? of processes that the program started: /)]);
    expect(cell?.grade).toBe('durable');
  });

  test('is asked only where the model is named', async () => {
    const { stdout } = await place.run(['run', '--dir', 'data', '--check', 'sh check.sh', '--list', '--', 'sh', 'save.sh']);
    expect(stdout).toContain('save/command/process-kill');
    expect(stdout).not.toContain('quit');
  });
});
