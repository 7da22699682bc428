import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sourcesIn } from '../../harness/cli/sources.ts';
import { freshDirectory } from '../lab/temporary.ts';

test('only files of the working directory are shown, and none that a program made', () => {
  const root = freshDirectory();
  const cwd = join(root, 'work');
  mkdirSync(join(cwd, 'src'), { recursive: true });
  writeFileSync(join(root, 'secret.ts'), 'secret');
  writeFileSync(join(cwd, 'src/a.ts'), 'a');
  writeFileSync(join(cwd, 'bundle.js'), 'x'.repeat(300_000));
  symlinkSync('../secret.ts', join(cwd, 'link.ts'));
  const named = ['src/a.ts', 'bundle.js', 'link.ts', '../secret.ts', join(root, 'secret.ts'), join(cwd, 'src/a.ts'), 'none.ts', 'src'];
  expect(sourcesIn(cwd, named)).toEqual({ 'src/a.ts': 'a' });
});
