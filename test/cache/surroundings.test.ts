/** What every cell depends on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { surroundingsOf } from '../../harness/cache/surroundings.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { freshDirectory } from '../lab/temporary.ts';

test.skipIf(process.platform !== 'linux')('surroundings are the same twice, and have no variable of the run in them', async () => {
  const root = freshDirectory();
  const found = findInstallation(import.meta.url);
  const program = join(root, 'program.cjs');
  writeFileSync(program, '1');
  const of = (env: { readonly [name: string]: string }) =>
    surroundingsOf({
      installation: { ...found, programs: [program] },
      workspace: { id: '', root, roots: [root], directory: () => '', directoryInMemory: () => '', close: () => {} },
      recorder: 'ptrace',
      cwd: root,
      env,
    });
  const first = await of({ HOME: '/', CRASH_MATRIX_RUN: '1-1' });
  expect(await of({ CRASH_MATRIX_RUN: '2-2', HOME: '/' })).toEqual(first);
  expect((await of({ HOME: '/root' })).environment).not.toBe(first.environment);
  writeFileSync(program, '2');
  expect((await of({ HOME: '/' }))['crash-matrix']).not.toBe(first['crash-matrix']);
  expect(first.user).toMatch(/Umask: 0\d+, Uid: \d+ .*CapEff: [0-9a-f]+, .*Max open files \d+ \d+ files/);
  expect(first['file system']).toMatch(/^0x[0-9a-f]+ (?:rw|ro)\b/);
});
