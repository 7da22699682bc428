import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../../harness/domain/tree.ts';
import { layOut } from '../../harness/machine/stage.ts';
import { freshDirectory } from '../lab/temporary.ts';

describe('a program whose directory is', () => {
  test.each(['data', '..data', 'a/b'])('%s below where it starts finds it there, beside the other files', (name) => {
    const [cwd, root] = [freshDirectory(), freshDirectory()];
    mkdirSync(join(cwd, name), { recursive: true });
    writeFileSync(join(cwd, 'settings'), '');
    const stage = layOut(root, { cwd, directory: join(cwd, name) });
    expect(stage).toEqual({ cwd: join(root, 'stage'), directory: join(root, 'stage', name) });
    expect(listFiles(stage.cwd)).toContain('settings');
  });

  test('elsewhere starts where it was typed', () => {
    const [cwd, elsewhere, root] = [freshDirectory(), freshDirectory(), freshDirectory()];
    expect(layOut(root, { cwd, directory: elsewhere }).cwd).toBe(cwd);
  });
});
