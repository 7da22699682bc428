import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

  test.each(['../data', '../a/data', '../../data'])('reached by %s finds it there, and what lies on the way', (way) => {
    const [top, root] = [freshDirectory(), freshDirectory()];
    const cwd = join(top, 'u', 'work');
    const directory = join(cwd, way);
    mkdirSync(join(cwd, 'lib'), { recursive: true });
    mkdirSync(directory, { recursive: true });
    for (const file of ['program', '../beside', join(way, 'kept')]) writeFileSync(join(cwd, file), file);
    const stage = layOut(root, { cwd, directory });
    expect(stage.directory).toBe(join(stage.cwd, way));
    expect(listFiles(stage.directory)).toEqual([]);
    expect(listFiles(stage.cwd)).toEqual(['lib', 'program']);
    expect(readFileSync(join(stage.cwd, '../beside'), 'utf8')).toBe('../beside');
    expect(readdirSync(directory)).toEqual(['kept']);
  });

  test('too far from where it starts, or above that, starts where it was typed', () => {
    const [top, root, other] = [freshDirectory(), freshDirectory(), freshDirectory()];
    const cwd = join(top, 'a', 'b', 'c');
    mkdirSync(cwd, { recursive: true });
    expect(layOut(root, { cwd, directory: join(top, 'data') }).cwd).toBe(cwd);
    expect(layOut(other, { cwd, directory: join(top, 'a') }).cwd).toBe(cwd);
  });

  test('beside too much for links starts where it was typed', () => {
    const [top, root] = [freshDirectory(), freshDirectory()];
    const cwd = join(top, 'work');
    for (const name of ['work', ...Array.from({ length: 256 }, (_, at) => String(at))]) mkdirSync(join(top, name));
    expect(layOut(root, { cwd, directory: join(top, '7') }).cwd).toBe(cwd);
  });
});
