/** What the fake file system does is what the real one does, or it says that it does not know. */
import { closeSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draws } from '../lab/depth.ts';
import { freshDirectory } from '../lab/temporary.ts';
import { carryOut, type FsCall, fakeSide, fsCalls, realSide, treeInWords } from './both.ts';

const RUNS = 150;
const SEED = 4;

/** The first call whose answer or whose tree differs, in words. */
async function difference(
  calls: readonly FsCall[],
  root: string,
  spoil: (call: FsCall) => FsCall = (call) => call,
): Promise<string | undefined> {
  const directory = join(root, 'store');
  mkdirSync(directory);
  const [real, fake] = [realSide(directory), fakeSide()];
  try {
    for (const call of calls) {
      const expected = await carryOut(real, call);
      const found = await carryOut(fake, spoil(call));
      if (fake.world.refused !== undefined) return undefined;
      if (expected !== found) return `${JSON.stringify(call)}: expected ${expected}, found ${found}`;
      const [tree, fakeTree] = [treeInWords(real), treeInWords(fake)];
      if (tree !== fakeTree) return `${JSON.stringify(call)}: expected ${tree}, found ${fakeTree}`;
    }
    return undefined;
  } finally {
    for (const fd of real.opened) closeSync(fd);
    rmSync(directory, { recursive: true });
  }
}

test('random calls get the same answers and leave the same trees', async () => {
  const root = freshDirectory();
  await fc.assert(
    fc.asyncProperty(fsCalls, async (calls) => {
      expect(await difference(calls, root)).toBeUndefined();
    }),
    { numRuns: draws(RUNS), seed: SEED },
  );
});

test('a departure is caught: a rename that leaves its source', async () => {
  const root = freshDirectory();
  const spoil = (call: FsCall): FsCall => (call.name === 'rename' ? { ...call, name: 'copyFile' } : call);
  const found = await fc.check(
    fc.asyncProperty(fsCalls, async (calls) => {
      expect(await difference(calls, root, spoil)).toBeUndefined();
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(found.failed).toBe(true);
});

const sync = (name: string, ...args: unknown[]): FsCall => ({ name, args, form: 'sync' });

test.each<[string, FsCall[]]>([
  [
    'a ticket linked to a lock, and the lock removed',
    [sync('writeFile', '{0}', 'x', {}), sync('link', '{0}', '{1}'), sync('unlink', '{0}'), sync('stat', '{1}'), sync('link', '{1}', '{0}')],
  ],
  [
    'a rename between two names of one file',
    [sync('writeFile', '{0}', 'x', {}), sync('link', '{0}', '{1}'), sync('rename', '{0}', '{1}'), sync('stat', '{0}')],
  ],
  [
    'a rename over a file with two names',
    [
      sync('writeFile', '{0}', 'x', {}),
      sync('link', '{0}', '{1}'),
      sync('mkdir', '{2}', {}),
      sync('writeFile', '{3}', 'y', {}),
      sync('rename', '{3}', '{1}'),
      sync('stat', '{0}'),
    ],
  ],
  ['a rename of a file over a directory', [sync('writeFile', '{0}', 'x', {}), sync('mkdir', '{2}', {}), sync('rename', '{0}', '{2}')]],
  [
    'a rename of a directory over a full one',
    [
      sync('mkdir', '{2}', {}),
      sync('mkdir', '{4}', {}),
      sync('mkdir', '{0}', {}),
      sync('rename', '{0}', '{2}'),
      sync('rename', '{2}', '{0}'),
    ],
  ],
  ['a rename of a directory into itself', [sync('mkdir', '{2}', {}), sync('rename', '{2}', '{4}'), sync('rename', '{2}', '{2}')]],
  [
    'reading what has no name any more',
    [
      sync('writeFile', '{0}', 'hello', {}),
      sync('open', '{0}', 'r+', 0, '#0'),
      sync('unlink', '{0}'),
      sync('read', '#0', 3, null),
      sync('write', '#0', 'x', null),
      sync('read', '#0', 9, 0),
      sync('fstat', '#0'),
    ],
  ],
  [
    'descriptors that may not',
    [
      sync('writeFile', '{0}', 'x', {}),
      sync('open', '{0}', 'r', 0, '#0'),
      sync('write', '#0', 'y', null),
      sync('ftruncate', '#0', 0),
      sync('open', '{0}', 'w', 0, '#1'),
      sync('read', '#1', 1, null),
    ],
  ],
  [
    'a file where a directory should be',
    [
      sync('writeFile', '{2}', 'x', {}),
      sync('writeFile', '{3}', 'y', {}),
      sync('mkdir', '{4}', { recursive: true }),
      sync('stat', '{5}'),
      sync('rename', '{2}', '{3}'),
    ],
  ],
  [
    'names that no file can have',
    [
      sync('mkdir', '{2}', {}),
      ...['{6}', '{7}', '{8}'].flatMap((name) => [
        sync('writeFile', name, 'x', {}),
        sync('readFile', name, 'utf8'),
        sync('stat', name),
        sync('mkdir', name, {}),
        sync('rename', '{2}', name),
        sync('rename', name, '{0}'),
        sync('link', '{2}', name),
        sync('unlink', name),
      ]),
      sync('writeFile', '{0}', 'x', {}),
      sync('copyFile', '{0}', '{6}', 0),
      sync('copyFile', '{0}', '{8}', 0),
    ],
  ],
  [
    'a directory where a file should be',
    [
      sync('mkdir', '{0}', {}),
      sync('writeFile', '{0}', 'x', {}),
      sync('readFile', '{0}', 'utf8'),
      sync('unlink', '{0}'),
      sync('copyFile', '{0}', '{1}', 0),
      sync('link', '{0}', '{1}'),
    ],
  ],
])('%s', async (_, calls) => {
  expect(await difference(calls, freshDirectory())).toBeUndefined();
});
