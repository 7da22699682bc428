/**
 * One list of calls, carried out on the real file system and on the fake one: each answers in words that must be the same.
 */
import realFs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { OwnCaller } from '../../harness/fake/callers.ts';
import { fakeFs } from '../../harness/fake/node-fs.ts';
import { Volume } from '../../harness/fake/volume.ts';
import { World } from '../../harness/fake/world.ts';

/** How a function of node:fs is called. */
type Form = 'sync' | 'callback' | 'promise';

export interface FsCall {
  readonly name: string;
  /** `{n}` is the n-th name, `#n` the n-th descriptor. */
  readonly args: readonly unknown[];
  readonly form: Form;
}

/** The last three are too long: a name, one on the way to another, and a path. */
const NAMES = ['a', 'b', 'd', 'd/x', 'd/e', 'd/e/y', 'n'.repeat(256), `d/${'n'.repeat(300)}/z`, `${'d/'.repeat(2500)}x`] as const;
/** Those that random calls use. */
const DRAWN = 7;
const SLOTS = 2;

const path = fc.nat({ max: DRAWN - 1 }).map((index) => `{${index}}`);
const slot = fc.nat({ max: SLOTS - 1 }).map((index) => `#${index}`);
const text = fc.constantFrom('', 'x', 'hello', 'a longer text '.repeat(20));
const position = fc.constantFrom(null, 0, 3, 40);
const length = fc.constantFrom(0, 2, 7, 100);
const mode = fc.constantFrom(0o600, 0o644, 0o666, 0o755);
const flags = fc.constantFrom('r', 'r+', 'w', 'wx', 'w+', 'wx+', 'a', 'ax', 'a+', 'rs+');

const call = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<FsCall> =>
  fc.record({ name: fc.constant(name), args: fc.tuple(...args), form: fc.constantFrom<Form>('sync', 'callback', 'promise') });
const onDescriptor = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<FsCall> =>
  fc.record({ name: fc.constant(name), args: fc.tuple(slot, ...args), form: fc.constantFrom<Form>('sync', 'callback') });

export const fsCalls: fc.Arbitrary<readonly FsCall[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: call('writeFile', path, text, fc.record({ mode, flag: fc.constantFrom('w', 'wx', 'a') })) },
    { weight: 3, arbitrary: call('mkdir', path, fc.record({ recursive: fc.boolean(), mode: fc.constantFrom(0o777, 0o700) })) },
    {
      weight: 4,
      arbitrary: fc.record({ name: fc.constant('open'), args: fc.tuple(path, flags, mode, slot), form: fc.constant<Form>('sync') }),
    },
    { weight: 4, arbitrary: call('rename', path, path) },
    { weight: 2, arbitrary: call('link', path, path) },
    { weight: 2, arbitrary: call('unlink', path) },
    { weight: 2, arbitrary: call('copyFile', path, path, fc.constantFrom(0, realFs.constants.COPYFILE_EXCL)) },
    { weight: 2, arbitrary: call('rm', path, fc.record({ force: fc.boolean(), recursive: fc.boolean() })) },
    call('readFile', path, fc.constant('utf8')),
    call('appendFile', path, text),
    call('rmdir', path),
    call('readdir', fc.constantFrom('{0}', '{2}', '{4}', '')),
    call('stat', path),
    call('lstat', path),
    call('access', path),
    call('truncate', path, length),
    call('chmod', path, mode),
    call('realpath', path),
    onDescriptor('write', text, position),
    onDescriptor('read', length, position),
    onDescriptor('ftruncate', length),
    onDescriptor('fstat'),
    onDescriptor('fsync'),
    onDescriptor('fdatasync'),
    onDescriptor('close'),
    onDescriptor('fchmod', mode),
  ),
  { minLength: 1, maxLength: 20 },
);

// biome-ignore lint/suspicious/noExplicitAny: functions are called by name.
type AnyFs = { [name: string]: any };

/** One of the two: a directory, and the functions that work on it. */
export interface Side {
  readonly fs: AnyFs;
  readonly directory: string;
  readonly slots: Map<string, number>;
  /** All descriptors that were opened. */
  readonly opened: Set<number>;
}

export function realSide(directory: string): Side {
  return { fs: realFs as AnyFs, directory, slots: new Map(), opened: new Set() };
}

export function fakeSide(): Side & { readonly world: World } {
  const directory = '/of/the/store';
  const volume = new Volume(directory, { newInode: () => 1, newDescriptor: () => 1, now: () => 0 }, process.umask());
  const world = new World(volume, 0);
  const caller = world.newCaller(0, true);
  volume.actor = caller;
  volume.restore([]);
  const callers = new OwnCaller(world);
  callers.as(caller, () => {});
  return { ...fakeFs(world, callers), directory, slots: new Map(), opened: new Set(), world };
}

/** What a call answered, in words that do not depend on the side. */
export async function carryOut(side: Side, { name, args, form }: FsCall): Promise<string> {
  const { fs, directory, slots, opened } = side;
  const given = args.map((arg) => {
    if (typeof arg !== 'string') return arg;
    if (arg === '' || /^\{\d\}$/.test(arg))
      return arg === '' && name !== 'readdir' ? arg : join(directory, NAMES[Number(arg[1] ?? -1)] ?? '');
    return /^#\d$/.test(arg) ? (slots.get(arg) ?? 1_000_000) : arg;
  });
  const inWords = (value: unknown): string => {
    if (value === undefined || value === null) return 'done';
    if (typeof value === 'object' && 'nlink' in value) return statusInWords(value as realFs.Stats);
    return String(JSON.stringify(value)).replaceAll(directory, '<dir>');
  };
  try {
    if (name === 'open') {
      const [file, flag, mode, into] = [given[0], given[1], given[2], args[3] as string];
      const fd = fs.openSync(file, flag, mode);
      slots.set(into, fd);
      opened.add(fd);
      return 'opened';
    }
    if (name === 'read') {
      const buffer = Buffer.alloc(given[1] as number);
      const read = form === 'sync' ? fs.readSync : promisify(realRead(fs));
      const count = await read(given[0], buffer, 0, buffer.length, given[2]);
      return `${count} ${buffer.subarray(0, count).toString('utf8')}`;
    }
    if (name === 'write') {
      const bytes = Buffer.from(given[1] as string);
      const write = form === 'sync' ? fs.writeSync : promisify(realWrite(fs));
      return inWords(await write(given[0], bytes, 0, bytes.length, given[2]));
    }
    if (name === 'close') {
      slots.delete(args[0] as string);
      opened.delete(given[0] as number);
    }
    const run = form === 'sync' ? fs[`${name}Sync`] : form === 'promise' ? fs.promises[name] : promisify(fs[name]);
    return inWords(await run(...given));
  } catch (error) {
    // Which of the calls inside `rm` fails differs from form to form, in Node itself.
    return name === 'rm' ? String((error as NodeJS.ErrnoException).code) : wrongInWords(error as NodeJS.ErrnoException, directory);
  }
}

/** Node's own `read` and `write` have promised forms of their own, with other answers. */
const realRead = (fs: AnyFs) => (fd: number, buffer: Buffer, offset: number, length: number, position: unknown, callback: () => void) =>
  fs.read(fd, buffer, offset, length, position, callback);
const realWrite = (fs: AnyFs) => (fd: number, buffer: Buffer, offset: number, length: number, position: unknown, callback: () => void) =>
  fs.write(fd, buffer, offset, length, position, callback);

function statusInWords(stats: realFs.Stats): string {
  const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other';
  return `${kind} ${(Number(stats.mode) & 0o7777).toString(8)} ${kind === 'file' ? `${stats.size} bytes, ${stats.nlink} names` : ''}`;
}

function wrongInWords(error: NodeJS.ErrnoException, directory: string): string {
  if (error.code === undefined) throw error;
  return `${error.code} ${error.syscall ?? ''} ${error.path ?? ''} ${(error as { dest?: string }).dest ?? ''}`.replaceAll(
    directory,
    '<dir>',
  );
}

/** Everything in the directory: names, modes, contents, and which names are one file. */
export function treeInWords({ fs, directory }: Side): string {
  const firstNames = new Map<number, string>();
  const below = (relative: string): string[] =>
    (fs.readdirSync(join(directory, relative)) as string[]).sort().flatMap((name) => {
      const path = relative === '' ? name : `${relative}/${name}`;
      const stats = fs.lstatSync(join(directory, path)) as realFs.Stats;
      if (stats.isDirectory()) return [`${path} ${statusInWords(stats)}`, ...below(path)];
      const same = firstNames.get(stats.ino) ?? path;
      firstNames.set(stats.ino, same);
      return [`${path} ${statusInWords(stats)} = ${same}: ${fs.readFileSync(join(directory, path), 'latin1')}`];
    });
  return below('').join('\n');
}
