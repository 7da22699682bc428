/** A run that ends too early, by Ctrl-C or by SIGKILL, leaves neither processes nor files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLeft, openPlace, type Place } from '../lab/command.ts';
import { appears } from '../lab/temporary.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

/** A store that makes this file when it gets there, and then stays there. */
function storeThat(where: 'import' | 'save' | 'load', up: string): string {
  const stay = `child.spawn('sleep', ['1000'], { detached: true }); fs.writeFileSync(${JSON.stringify(up)}, ''); for (;;);`;
  return `
    const fs = require('node:fs'), child = require('node:child_process');
    ${where === 'import' ? stay : ''}
    let saves = 0;
    module.exports = {
      save: (dir, value) => { saves += 1; fs.writeFileSync(dir + '/value', JSON.stringify(value)); if (saves > 1) { ${where === 'save' ? stay : ''} } },
      load: (dir) => { if (!fs.existsSync(dir + '/value')) return {}; ${where === 'load' ? stay : ''} return JSON.parse(fs.readFileSync(dir + '/value', 'utf8')); },
    };`;
}

async function startUntilUp(
  where: 'import' | 'save' | 'load',
  recorder: string,
): Promise<{ tmp: string; running: ReturnType<Place['start']> }> {
  const tmp = place.tmp();
  const name = `${where}-${recorder}-${tmp.slice(-2).replace('-', '')}`;
  const up = join(place.root, `${name}.up`);
  place.write({ [`${name}.cjs`]: storeThat(where, up) });
  const running = place.start(['run', '--store', `./${name}.cjs`, '--recorder', recorder, '--scenario', 'replace,save-twice'], { tmp });
  await appears(up);
  return { tmp, running };
}

const WHERE = ['import', 'save', 'load'] as const;

async function interrupt({ where, recorder }: { readonly where: (typeof WHERE)[number]; readonly recorder: string }): Promise<void> {
  const { tmp, running } = await startUntilUp(where, recorder);
  running.kill('SIGINT');
  const { exitCode, stderr } = await running;
  expect(stderr).toContain('crash-matrix: interrupted by SIGINT');
  expect(exitCode).toBe(130);
  await expectNothingLeft(tmp);
}

describe('Ctrl-C', () => {
  test.concurrent.each([
    { where: 'import', recorder: 'ptrace' },
    { where: 'save', recorder: 'ptrace' },
    { where: 'save', recorder: 'binding' },
  ] as const)('in $where, recorded by $recorder', interrupt);

  // What goes on in the background makes directories again after the workspace is gone.
  test('in load', () => interrupt({ where: 'load', recorder: 'ptrace' }));
});

test.each(['SIGTERM', 'SIGHUP'] as const)('%s is the same', async (signal) => {
  const { tmp, running } = await startUntilUp('save', 'ptrace');
  running.kill(signal);
  expect((await running).exitCode).toBe(130);
  await expectNothingLeft(tmp);
});

describe('SIGKILL', () => {
  test.each(WHERE)('in %s: the next start leaves nothing behind', async (where) => {
    const { tmp, running } = await startUntilUp(where, 'ptrace');
    running.kill('SIGKILL');
    await running;
    expect(readdirSync(tmp)).not.toEqual([]);
    expect((await place.run(['doctor'], { tmp })).exitCode).toBe(0);
    await expectNothingLeft(tmp);
  });
});
