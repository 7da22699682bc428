/**
 * A step for a child: random sequences of node:fs calls, each carried out in the recorded directory and in one beside it
 * that the hooks leave alone. Results, errors, trees and what is read back have to be the same.
 */
import assert from 'node:assert/strict';
import fs, { promises as fsp } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';

/** One call, as data. Files are numbers so that calls meet each other's files often. */
interface Call {
  readonly name: keyof typeof CALLS;
  readonly file: number;
  readonly other: number;
  readonly size: number;
  readonly form: 'sync' | 'callback' | 'promise';
}

/** A directory, its open descriptors, and what the calls answered. */
interface World {
  readonly directory: string;
  readonly handles: fsp.FileHandle[];
  readonly descriptors: number[];
}

const NAMES = ['a', 'b', 'a/b', 'a/c', 'a/b/c', 'link', 'nowhere/x', '.'];
const at = (world: World, file: number): string => join(world.directory, NAMES[file % NAMES.length] ?? 'a');
const bytes = (size: number): Buffer => Buffer.alloc((size * 3001) % 9000, `${size}`);
const flags = ['r', 'r+', 'w', 'wx', 'a', 'a+', 'w+', 'rs+'];

type Run = (world: World, call: Call) => unknown;

/** A function of node:fs in all its forms. */
function forms(name: string, args: (world: World, call: Call) => unknown[]): Run {
  type Any = (...args: unknown[]) => unknown;
  const [sync, callback, promise] = [
    (fs as unknown as Record<string, Any>)[`${name}Sync`],
    (fs as unknown as Record<string, Any>)[name],
    (fsp as unknown as Record<string, Any>)[name],
  ];
  return (world, call) => {
    if (call.form === 'sync') return sync?.(...args(world, call));
    if (call.form === 'promise' && promise !== undefined) return promise(...args(world, call));
    return promisify(callback as Any)(...(args(world, call) as []));
  };
}

const pick = <T>(list: readonly T[], index: number): T => {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('nothing is open');
  return item;
};

const CALLS = {
  writeFile: forms('writeFile', (w, c) => [at(w, c.file), c.size % 2 === 0 ? bytes(c.size) : bytes(c.size).toString(), { mode: 0o640 }]),
  appendFile: forms('appendFile', (w, c) => [at(w, c.file), bytes(c.size).toString()]),
  readFile: forms('readFile', (w, c) => [at(w, c.file), c.size % 2 === 0 ? 'utf8' : null]),
  rename: forms('rename', (w, c) => [at(w, c.file), at(w, c.other)]),
  copyFile: forms('copyFile', (w, c) => [at(w, c.file), at(w, c.other), c.size % 3 === 0 ? fs.constants.COPYFILE_EXCL : 0]),
  link: forms('link', (w, c) => [at(w, c.file), at(w, c.other)]),
  symlink: forms('symlink', (w, c) => [NAMES[c.file % NAMES.length], at(w, c.other)]),
  readlink: forms('readlink', (w, c) => [at(w, c.file)]),
  unlink: forms('unlink', (w, c) => [at(w, c.file)]),
  mkdir: forms('mkdir', (w, c) => [at(w, c.file)]),
  mkdirRecursive: forms('mkdir', (w, c) => [at(w, c.file), { recursive: true, mode: 0o750 }]),
  mkdirBelow: forms('mkdir', (w, c) => [join(at(w, c.file), 'd/e'), { recursive: true }]),
  rmdir: forms('rmdir', (w, c) => [c.file % NAMES.length === NAMES.length - 1 ? at(w, 0) : at(w, c.file)]),
  rm: forms('rm', (w, c) => [at(w, c.file % (NAMES.length - 1)), { recursive: c.size % 2 === 0, force: c.size % 3 === 0 }]),
  readdir: forms('readdir', (w, c) => [at(w, c.file)]),
  readdirTypes: forms('readdir', (w, c) => [at(w, c.file), { withFileTypes: true }]),
  stat: forms('stat', (w, c) => [at(w, c.file)]),
  lstat: forms('lstat', (w, c) => [at(w, c.file), { bigint: true }]),
  statfs: forms('statfs', (w, c) => [at(w, c.file)]),
  access: forms('access', (w, c) => [at(w, c.file), fs.constants.R_OK]),
  realpath: forms('realpath', (w, c) => [at(w, c.file)]),
  chmod: forms('chmod', (w, c) => [at(w, c.file), c.size % 2 === 0 ? 0o600 : 0o755]),
  utimes: forms('utimes', (w, c) => [at(w, c.file), c.size, c.size + 1]),
  lutimes: forms('lutimes', (w, c) => [at(w, c.file), c.size, c.size + 1]),
  truncate: forms('truncate', (w, c) => [at(w, c.file), c.size]),
  cp: forms('cp', (w, c) => [
    at(w, c.file),
    at(w, c.other),
    { recursive: c.size % 2 === 0, force: c.size % 3 !== 0, errorOnExist: c.size % 5 === 0 },
  ]),
  exists: (w, c) => fs.existsSync(at(w, c.file)),
  opendir: async (w, c) => {
    const names: string[] = [];
    for await (const entry of await fsp.opendir(at(w, c.file))) names.push(entry.name);
    return names.sort();
  },
  open: (w, c) => void w.descriptors.push(fs.openSync(at(w, c.file), pick(flags, c.size), 0o600)),
  close: (w, c) => fs.closeSync(pick(w.descriptors.splice(c.file % (w.descriptors.length || 1), 1), 0)),
  write: (w, c) => fs.writeSync(pick(w.descriptors, c.file), bytes(c.size), 0, null, c.size % 2 === 0 ? null : c.other),
  writeText: async (w, c) =>
    (await promisify(fs.write)(pick(w.descriptors, c.file), 'täxt', c.size % 2 === 0 ? null : c.other)).bytesWritten,
  writev: (w, c) => fs.writevSync(pick(w.descriptors, c.file), [bytes(c.size), bytes(c.other)]),
  read: async (w, c) => {
    const { bytesRead, buffer } = await promisify(fs.read)(
      pick(w.descriptors, c.file),
      Buffer.alloc(10),
      0,
      10,
      c.size % 2 === 0 ? null : c.other,
    );
    return buffer.subarray(0, bytesRead);
  },
  fsync: (w, c) => fs.fsyncSync(pick(w.descriptors, c.file)),
  fstat: (w, c) => fs.fstatSync(pick(w.descriptors, c.file)),
  ftruncate: (w, c) => promisify(fs.ftruncate)(pick(w.descriptors, c.file), c.size),
  writeFileTo: (w, c) => fs.writeFileSync(pick(w.descriptors, c.file), 'text'),
  readFileFrom: (w, c) => fs.readFileSync(pick(w.descriptors, c.file), 'utf8'),
  openHandle: async (w, c) => void w.handles.push(await fsp.open(at(w, c.file), pick(flags, c.size))),
  closeHandle: async (w, c) => pick(w.handles.splice(c.file % (w.handles.length || 1), 1), 0).close(),
  useHandle: async (w, c) => {
    const handle = pick(w.handles, c.file);
    await handle.appendFile(bytes(c.size));
    await handle.sync();
    return (await handle.read(Buffer.alloc(4), 0, 4, 0)).bytesRead;
  },
} satisfies Record<string, Run>;

const arbitraryCall = fc.record({
  name: fc.constantFrom(...(Object.keys(CALLS) as (keyof typeof CALLS)[])),
  file: fc.nat({ max: 7 }),
  other: fc.nat({ max: 7 }),
  size: fc.nat({ max: 30 }),
  form: fc.constantFrom('sync', 'callback', 'promise'),
});

/** What a call came to, with everything taken out that differs between any two directories. */
async function answerOf(world: World, call: Call): Promise<unknown> {
  const known = (text: string): string => text.replaceAll(world.directory, '<dir>');
  try {
    const run: Run = CALLS[call.name];
    return plain(await run(world, call), known);
  } catch (thrown) {
    const { name, message, code, errno, syscall, path, dest } = thrown as NodeJS.ErrnoException & { dest?: string };
    const wording = code?.startsWith('ERR_') || (call.name === 'cp' && code !== undefined) || syscall === 'rm' ? '' : known(message);
    return { name, wording, code, errno, syscall, path: path && known(String(path)), dest: dest && known(dest), thrown: true };
  }
}

function plain(value: unknown, known: (text: string) => string): unknown {
  if (typeof value === 'string') return known(value);
  if (value instanceof fs.Stats || (typeof value === 'object' && value !== null && 'mtimeNs' in value)) {
    const { mode, size, nlink, uid, gid } = value as fs.Stats;
    return { mode, size: isDirectory(mode) ? 0 : size, nlink, uid, gid };
  }
  if (typeof value === 'object' && value !== null && 'bsize' in value) return value.bsize;
  if (Array.isArray(value)) return value.map((entry) => known(typeof entry === 'string' ? entry : JSON.stringify(entry))).sort();
  return value;
}

const isDirectory = (mode: number | bigint): boolean => (Number(mode) & 0o170000) === 0o040000;

/** Everything below a directory. Not by a recursive `readdir`: that of Node 20 follows symlinks, in circles. */
function look(directory: string, below = ''): unknown[] {
  return fs
    .readdirSync(join(directory, below))
    .sort()
    .flatMap((name) => {
      const path = join(directory, below, name);
      const stat = fs.lstatSync(path);
      const content = stat.isFile() ? fs.readFileSync(path, 'latin1') : stat.isSymbolicLink() ? fs.readlinkSync(path) : '';
      const changed = stat.mtimeMs < 1e6 ? stat.mtimeMs : 'now'; // set by a call, or by the clock
      const entry = [join(below, name), stat.mode, stat.isDirectory() ? 0 : changed, content.replaceAll(directory, '<dir>')];
      return stat.isDirectory() ? [entry, ...look(directory, join(below, name))] : [entry];
    });
}

/** A step that holds for that many random sequences, the same for the same seed. */
export function agreement(numRuns: number, seed: number): { run(directory: string): Promise<void> } {
  return {
    run: async (recorded: string): Promise<void> => {
      let count = 0;
      const worldIn = (parent: string): World => {
        const directory = join(parent, `${count}`);
        fs.mkdirSync(directory, { recursive: true });
        return { directory, handles: [], descriptors: [] };
      };
      const property = fc.asyncProperty(fc.array(arbitraryCall, { minLength: 1, maxLength: 25 }), async (calls) => {
        count += 1;
        const [hooked, bare] = [worldIn(recorded), worldIn(`${recorded}-bare`)];
        try {
          for (const [index, call] of calls.entries()) {
            const expected = await answerOf(bare, call);
            assert.deepEqual(await answerOf(hooked, call), expected, `call ${index + 1}: ${call.name} (${call.form})`);
            assert.deepEqual(look(hooked.directory), look(bare.directory), `the tree after call ${index + 1}: ${call.name} (${call.form})`);
          }
        } finally {
          for (const world of [hooked, bare]) {
            for (const fd of world.descriptors) fs.closeSync(fd);
            await Promise.all(world.handles.map((handle) => handle.close()));
            fs.rmSync(world.directory, { recursive: true, force: true });
          }
        }
      });
      await fc.assert(property, { numRuns, seed, includeErrorInReport: true });
    },
  };
}
