/** Promise functions of node:fs that are carried out at once do what Node's own do: the same sequence in two directories. */
import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { setCallsAtOnce } from '../../harness/child/calls-at-once.ts';
import { scanTree } from '../../harness/domain/tree.ts';
import { draws } from '../lab/depth.ts';
import { freshDirectory } from '../lab/temporary.ts';

afterEach(() => setCallsAtOnce(false));

const NAMES = ['a', 'b', 'd', 'd/c'] as const;
type Path = (name: string) => string;
type Call = (path: Path) => Promise<unknown>;
const { promises } = fs;
const name = fc.constantFrom(...NAMES);
const text = fc.constantFrom('', 'x', 'two\nlines', 'é'.repeat(5_000));
const flag = fc.constantFrom('r', 'r+', 'w', 'wx', 'a', 'a+');

/** What a status says, without what two files cannot share. */
const sizeOf = ({ size, mode, nlink }: fs.Stats): object => ({ size, mode, nlink });

const call: fc.Arbitrary<readonly [label: string, call: Call]> = fc.oneof(
  ...(
    [
      ['readFile', (one) => promises.readFile(one, 'utf8')],
      ['readFile as bytes', async (one) => [...(await promises.readFile(one))].length],
      ['readFile of a URL', (one) => promises.readFile(new URL(`file://${one}`), { encoding: 'utf8' })],
      ['stat', async (one) => sizeOf(await promises.stat(one))],
      ['lstat', async (one) => sizeOf(await promises.lstat(one))],
      ['access', (one) => promises.access(one)],
      ['readdir', async (one) => (await promises.readdir(one)).sort()],
      ['readdir with types', async (one) => (await promises.readdir(one, { withFileTypes: true })).map((entry) => entry.isFile())],
      ['mkdir', (one) => promises.mkdir(one)],
      ['rmdir', (one) => promises.rmdir(one)],
      ['unlink', (one) => promises.unlink(one)],
      ['chmod', (one) => promises.chmod(one, 0o640)],
      ['truncate', (one) => promises.truncate(one, 3)],
      ['readlink', (one) => promises.readlink(one)],
      ['utimes', (one) => promises.utimes(one, 1, new Date(2_000))],
    ] as const satisfies readonly (readonly [string, (path: string) => Promise<unknown>])[]
  ).map(([what, work]) => name.map((one) => [`${what} ${one}`, (path: Path) => work(path(one))] as const)),
  ...(
    [
      ['rename', (one, other) => promises.rename(one, other)],
      ['link', (one, other) => promises.link(one, other)],
      ['copyFile', (one, other) => promises.copyFile(one, other)],
      ['copyFile to a new one', (one, other) => promises.copyFile(one, other, fs.constants.COPYFILE_EXCL)],
      ['symlink', (_, other) => promises.symlink('a', other)],
    ] as const satisfies readonly (readonly [string, (path: string, other: string) => Promise<unknown>])[]
  ).map(([what, work]) =>
    fc.tuple(name, name).map(([one, other]) => [`${what} ${one} ${other}`, (path: Path) => work(path(one), path(other))] as const),
  ),
  fc.tuple(name, text).map(([one, content]) => [`writeFile ${one}`, (path: Path) => promises.writeFile(path(one), content)] as const),
  fc
    .tuple(name, text)
    .map(([one, content]) => [`appendFile ${one}`, (path: Path) => promises.appendFile(path(one), Buffer.from(content))] as const),
  fc.tuple(name, flag, text, text).map(
    ([one, how, content, more]) =>
      [
        `open ${one} ${how}`,
        async (path: Path) => {
          const handle = await promises.open(path(one), how);
          try {
            const found: unknown[] = [sizeOf(await handle.stat())];
            if (how !== 'w' && how !== 'wx' && how !== 'a') {
              const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
              found.push(bytesRead, buffer.toString(), await handle.readFile('utf8'));
            }
            if (how === 'r') return found;
            found.push((await handle.write(content)).bytesWritten, (await handle.write(Buffer.from(more), 0)).bytesWritten);
            await handle.writeFile(content);
            await handle.appendFile(more);
            await handle.chmod(0o600);
            await handle.utimes(3, 4);
            await handle.datasync();
            await handle.sync();
            if (content === '') await handle.truncate(2);
            return found;
          } finally {
            await handle.close();
            await expect(handle.sync()).rejects.toThrow(/closed|EBADF/);
          }
        },
      ] as const,
  ),
);

/** What each call returned or threw, and the directory after it. */
async function done(calls: readonly (readonly [string, Call])[], atOnce: boolean): Promise<unknown[]> {
  const directory = freshDirectory();
  await setCallsAtOnce(atOnce);
  const found: unknown[] = [];
  for (const [label, work] of calls) {
    const answer = await work((one) => join(directory, one)).then(
      (value) => ({ value }),
      ({ message, code }: NodeJS.ErrnoException) => ({ message: message.replaceAll(directory, '<dir>'), code }),
    );
    found.push([label, answer]);
  }
  await setCallsAtOnce(false);
  return [...found, [...scanTree(directory)].map(([path, { kind, ...entry }]) => [path, kind, 'hash' in entry ? entry.hash : ''])];
}

test('the same values, errors and files', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 14 }), async (calls) => {
      expect(await done(calls, true)).toEqual(await done(calls, false));
    }),
    { numRuns: draws(1_000) },
  );
});

test('a call is done when it returns, but for one in many, before which the event loop has its turn', async () => {
  const directory = freshDirectory();
  await setCallsAtOnce(true);
  const writing = ['one', 'two'].map((name) => promises.writeFile(join(directory, name), 'x'));
  expect(fs.readdirSync(directory).length).toBeGreaterThan(0);
  await Promise.all(writing);
  expect(fs.readdirSync(directory)).toEqual(['one', 'two']);
});

test('timers get their turn while calls follow on each other', async () => {
  await setCallsAtOnce(true);
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  for (let calls = 0; !fired && calls < 1_000_000; calls += 1) await promises.access('/');
  expect(fired).toBe(true);
});

test.each([
  ['a signal', (file: string) => promises.readFile(file, { signal: AbortSignal.abort() }), 'AbortError'],
  [
    'a file handle as the path',
    async (file: string) => (await promises.open(file)).readFile({ signal: AbortSignal.abort() }),
    'AbortError',
  ],
] as const)('%s is left to Node', async (_, work, error) => {
  const file = join(freshDirectory(), 'file');
  fs.writeFileSync(file, 'x');
  await setCallsAtOnce(true);
  await expect(work(file)).rejects.toMatchObject({ name: error });
});

test('contents that are iterated are left to Node', async () => {
  const file = join(freshDirectory(), 'file');
  await setCallsAtOnce(true);
  await promises.writeFile(file, ['one', 'two']);
  expect(fs.readFileSync(file, 'utf8')).toBe('onetwo');
});
