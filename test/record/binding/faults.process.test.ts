/** Calls that the binding recorder makes fail: the errors are those of libuv and Node. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../../harness/record/fault.ts';
import { buildChildren, type Children, lineOf, opsOf, orderOf } from './children.ts';

let children: Children;
beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.close());

/** One step whose body notes in `said` what its calls came to; `at` names files of the directory. */
async function run(body: string, faults: readonly Fault[]): Promise<{ said: unknown; lines: string[]; directory: string }> {
  const module = await children.module(`
    import fs from 'node:fs';
    const errorOf = (error) => ({ code: error.code, errno: error.errno, syscall: error.syscall, path: error.path, dest: error.dest, message: error.message });
    export const steps = [{
      before: (directory) => fs.writeFileSync(directory + '/live', 'old'),
      run: async (directory) => {
        const said = [];
        const at = (name) => directory + '/' + name;
        const say = async (call) => { try { said.push(await call()); } catch (error) { said.push(errorOf(error)); } };
        ${body}
        fs.writeFileSync(directory + '.said', JSON.stringify(said));
      },
    }];`);
  const order = orderOf((await children.run(module, { kind: 'observe' })).events);
  const { directory, events } = await children.runFaulty(module, order, faults);
  return { said: JSON.parse(readFileSync(`${directory}.said`, 'utf8')), lines: opsOf(events).map((op) => lineOf(op)), directory };
}

const fails = (op: number, errno = 'EACCES'): Fault[] => [{ kind: 'errno', op, errno }];

/** Each makes one op, which fails by itself. */
const FAILING: readonly (readonly [what: string, call: string, own: string])[] = [
  ['open', `fs.openSync(at('missing'), 'r')`, 'ENOENT'],
  ['open of a promise', `fs.promises.open(at('missing'))`, 'ENOENT'],
  ['stat', `fs.statSync(at('missing'))`, 'ENOENT'],
  ['lstat of a promise', `fs.promises.lstat(at('missing'))`, 'ENOENT'],
  ['rename', `fs.renameSync(at('missing'), at('there'))`, 'ENOENT'],
  ['link', `fs.linkSync(at('missing'), at('there'))`, 'ENOENT'],
  ['unlink', `fs.unlinkSync(at('missing'))`, 'ENOENT'],
  ['mkdir', `fs.mkdirSync(at('live'))`, 'EEXIST'],
  ['rmdir', `fs.rmdirSync(at('missing'))`, 'ENOENT'],
  ['chmod', `fs.chmodSync(at('missing'), 0o600)`, 'ENOENT'],
  ['readdir', `fs.readdirSync(at('missing'))`, 'ENOENT'],
  ['readlink', `fs.readlinkSync(at('missing'))`, 'ENOENT'],
  ['readFile', `fs.readFileSync(at('missing'), 'utf8')`, 'ENOENT'],
  ['copyFile', `fs.copyFileSync(at('missing'), at('copy'))`, 'ENOENT'],
  ['open of a name that is too long', `fs.openSync(at('n'.repeat(300)), 'w')`, 'ENAMETOOLONG'],
  ['rename to a path that is too long', `fs.renameSync(at('live'), at('d/'.repeat(3000) + 'x'))`, 'ENAMETOOLONG'],
];

test('calls fail as they do by themselves, but for the errno', async () => {
  const body = FAILING.map(([, call]) => `await say(() => ${call});`).join('\n');
  const own = await run(body, []);
  const made = await run(
    body,
    FAILING.flatMap((_, at) => fails(at + 1)),
  );
  const there = JSON.parse(JSON.stringify(made.said).replaceAll(made.directory, own.directory)) as Record<string, unknown>[];
  for (const [at, [what, , code]] of FAILING.entries()) {
    const real = (own.said as Record<string, unknown>[])[at] ?? {};
    expect(real.code, what).toBe(code);
    const message = String(real.message).replace(/^\w+: .*?, /, 'EACCES: permission denied, ');
    expect(there[at], what).toEqual({ ...real, code: 'EACCES', errno: -13, message });
  }
});

test('a name that no file can have is looked at without harm by the faults that ask what stands there', async () => {
  const body = `await say(() => fs.renameSync(at('live'), at('n'.repeat(300)))); await say(() => fs.unlinkSync(at('live/x')));`;
  expect((await run(body, [{ kind: 'in-use', op: 1, lasts: true }])).said).toMatchObject([{ code: 'ENAMETOOLONG' }, { code: 'ENOTDIR' }]);
});

test('calls on descriptors fail without a path, and a close that fails has closed', async () => {
  const body = `const fd = fs.openSync(at('live'), 'r+'); await say(() => fs.fsyncSync(fd));`;
  expect((await run(body, fails(2, 'EIO'))).said).toEqual([{ code: 'EIO', errno: -5, syscall: 'fsync', message: 'EIO: i/o error, fsync' }]);
  expect((await run(body, fails(2, 'EDQUOT'))).said).toMatchObject([{ code: 'Unknown system error -122', errno: -122 }]); // as libuv has it
  const closing = `const fd = fs.openSync(at('live'), 'r'); await say(() => fs.closeSync(fd)); await say(() => fs.fstatSync(fd));`;
  expect((await run(closing, fails(2, 'EIO'))).said).toMatchObject([{ code: 'EIO', syscall: 'close' }, { code: 'EBADF' }]);
});

test('calls that answer instead of throwing answer no', async () => {
  expect((await run(`await say(() => fs.existsSync(at('live')));`, fails(1))).said).toEqual([false]);
});

test('a short write is continued, as libuv continues it; what a full disk leaves of it is reported', async () => {
  const body = `const fd = fs.openSync(at('live'), 'r+'); await say(() => fs.writeSync(fd, 'abcdef')); await say(() => fs.readFileSync(at('live'), 'utf8'));`;
  expect((await run(body, [{ kind: 'short', op: 2, bytes: 2 }])).said).toEqual([6, 'abcdef']);
  expect((await run(body, [{ kind: 'full', op: 2, room: 2 }])).said).toEqual([2, 'abd']);
  const whole = `await say(() => fs.writeFileSync(at('live'), 'abcdef')); await say(() => fs.readFileSync(at('live'), 'utf8'));`;
  const { said, lines } = await run(whole, [{ kind: 'full', op: 2, room: 2 }]);
  expect(said).toMatchObject([{ code: 'ENOSPC', syscall: 'write' }, 'ab']);
  expect(lines.slice(1, 4)).toEqual(['write live 0+2', 'write live = ENOSPC', 'write live = ENOSPC']);
});
