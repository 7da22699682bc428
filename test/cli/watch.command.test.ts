/** `run --watch`: each change of the store is a run, until Ctrl-C. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectNothingLeft, openPlace, type Place } from '../lab/command.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

const LOAD = `exports.load = (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {};`;
const WRONG = `const fs = require('node:fs'); exports.save = (dir, value) => fs.writeFileSync(dir + '/value', JSON.stringify(value)); ${LOAD}`;
const RIGHT = `const fs = require('node:fs'); exports.save = (dir, value) => {
  fs.writeFileSync(dir + '/temp', JSON.stringify(value)); fs.renameSync(dir + '/temp', dir + '/value'); }; ${LOAD}`;

test('a store that is wrong, that does not build, and that is right', async () => {
  const tmp = place.tmp();
  place.write({ 'store.cjs': WRONG });
  const running = place.start(['run', '--store', './store.cjs', '--scenario', 'replace', '--model', 'process-kill', '--watch'], { tmp });
  let said = '';
  let waiting: { readonly text: string; readonly resolve: () => void } | undefined;
  const onData = (data: Buffer): void => {
    said += data.toString();
    if (waiting !== undefined && said.includes(waiting.text)) waiting.resolve();
  };
  running.stdout.on('data', onData);
  running.stderr.on('data', onData);
  /** All that it says until it waits for a change. */
  const untilItWaits = async (): Promise<string> => {
    await new Promise<void>((resolve) => {
      waiting = { text: 'Ctrl-C ends it', resolve };
      onData(Buffer.of());
    });
    const all = said;
    said = '';
    return all;
  };
  const change = (text: string): void => writeFileSync(join(place.root, 'store.cjs'), text);

  const first = await untilItWaits();
  expect(first).toContain('quick effort');
  expect(first).toContain('1 claim broken');
  change(`${WRONG} exports.load = (`);
  expect(await untilItWaits()).toMatch(/store\.cjs changed\n(?:.*\n)*.*does not build/);
  change(RIGHT);
  expect(await untilItWaits()).toContain('no loss found');
  running.kill('SIGINT');
  const { signal } = await running;
  expect(signal).toBe('SIGINT');
  await expectNothingLeft(tmp);
});

test('is refused in CI, where it would never end, and with options of one run', async () => {
  place.write({ 'store.cjs': WRONG });
  const watch = ['run', '--store', './store.cjs', '--watch'];
  const inCi = await place.run(watch, { env: { CI: 'true' } });
  expect(inCi.exitCode).toBe(2);
  expect(inCi.stderr).toContain('--watch is refused in CI');
  // Of a program nobody knows which files it is made of.
  for (const [option, ...rest] of [['--list'], ['--dir', 'data', '--', 'true']] as const) {
    const refused = await place.run(['run', '--watch', option, ...rest]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`option '--watch' cannot be used with option '${option}`);
  }
});
