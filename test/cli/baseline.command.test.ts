/** The ratchet on the command line: known causes pass, new and mended ones fail, and no bad file costs a run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baselineSchema } from '../../harness/domain/baseline.ts';
import { openPlace, type Place, TEN_LINES } from '../lab/command.ts';

/** Replaces its file by a rename: a kill loses nothing. */
const MENDED = TEN_LINES.replace(
  `fs.writeFileSync(join(dir, 'value.json'), JSON.stringify(value))`,
  `{ fs.writeFileSync(join(dir, 'temp'), JSON.stringify(value)); fs.renameSync(join(dir, 'temp'), join(dir, 'value.json')); }`,
);
const MOVED = `// The line with the mistake is another one now.\n\n${TEN_LINES}`;
const OTHER = TEN_LINES.replace('save: (dir, value) => fs', 'save: (dir, value) => /* another */ fs');

describe('--baseline', () => {
  let place: Place;
  beforeAll(() => {
    place = openPlace();
    place.write({ 'ten.cjs': TEN_LINES });
  });
  afterAll(() => place.close());

  const run = (args: readonly string[], env = {}): ReturnType<Place['run']> =>
    place.run(['run', '--store', './ten.cjs', '--scenario', 'replace', '--model', 'process-kill', '--depth', '1', ...args], { env });
  const HELD = ['--baseline', 'baseline.json'];
  const stored = (): string => readFileSync(join(place.root, 'baseline.json'), 'utf8');

  test('what is known passes, wherever its line moves; what is new fails; what is mended must go', async () => {
    const made = await run([...HELD, '--update-baseline']);
    expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('wrote baseline.json: 1 known cause') });
    expect(baselineSchema.parse(JSON.parse(stored())).causes).toMatchObject([
      { worst: { 'process-kill': 'unreadable' }, cells: ['ten/replace/process-kill'], effort: 'standard' },
    ]);
    place.write({ 'ten.cjs': MOVED });
    const known = await run(HELD);
    expect(known.exitCode).toBe(0);
    expect(known.stdout.trimEnd()).toMatch(/nothing that the baseline does not know \(1 known cause\)$/);

    place.write({ 'ten.cjs': OTHER });
    const found = await run(HELD);
    expect(found.exitCode).toBe(1);
    expect(found.stdout.trimEnd()).toMatch(/1 new cause, 1 mended cause to take out \(0 known causes\)$/);

    place.write({ 'ten.cjs': MENDED });
    const mended = await run(HELD);
    expect(mended.exitCode).toBe(1);
    expect(mended.stdout).toContain('mended, and still in baseline.json: --update-baseline takes it out');
    expect((await run([...HELD, '--update-baseline'])).exitCode).toBe(0);
    expect(baselineSchema.parse(JSON.parse(stored())).causes).toEqual([]);
    expect((await run(HELD)).exitCode).toBe(0);
  });

  test.each<[string, readonly string[], { readonly [name: string]: string }, string]>([
    [
      'a file that is not there',
      ['--baseline', 'none.json'],
      {},
      '--baseline none.json: there is no such file\n--update-baseline makes it.',
    ],
    ['no JSON', ['--baseline', 'cut.json'], {}, '--baseline cut.json: it is cut off in line 1: '],
    [
      'JSON of another kind',
      ['--baseline', 'foreign.json'],
      {},
      '--baseline foreign.json: it is JSON, but not a baseline of crash-matrix: it has no schema',
    ],
    ['an update without a file', ['--update-baseline'], {}, '--update-baseline needs --baseline'],
    ['an update in CI', ['--baseline', 'new.json', '--update-baseline'], { CI: 'true' }, '--update-baseline is refused in CI'],
    ['a run that stops early', ['--baseline', 'foreign.json', '--bail'], {}, '--bail stops at a broken claim'],
  ])('%s is usage, before anything runs', async (_, args, env, message) => {
    place.write({ 'cut.json': '{"schema": "crash-mat', 'foreign.json': '{"causes": []}' });
    const { exitCode, stdout, stderr } = await run(args, env);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(existsSync(join(place.root, 'new.json'))).toBe(false);
  });
});
