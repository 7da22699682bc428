/**
 * Small programs, each with the ops that it must be recorded as: the table of what the binding recorder makes of node:fs.
 *
 * They run in one child, each in a directory of its own; `before` runs before the recording starts. Ops are written as
 * `call file[ -> to][ flags][ offset+length][ = errno]`.
 */
import fs, { promises as fsp } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bindingOf } from '../../../harness/record/binding/native.ts';

export interface Program {
  readonly name: string;
  readonly before?: (directory: string) => void;
  readonly run: (directory: string) => unknown;
  readonly ops: readonly string[];
  /** Only what changes something counts: what else is looked at differs from one version of Node to the next. */
  readonly changes?: true;
}

const [major = 0] = process.versions.node.split('.').map(Number);
/** Since Node 22.15 or so, `cpSync` of a directory is C++. */
const native = 'cpSyncCopyDir' in bindingOf('fs');
const [, libuv = 0] = process.versions.uv.split('.').map(Number);

const withFile = (directory: string): void => fs.writeFileSync(join(directory, 'f'), 'hello');
const withTree = (directory: string): void => {
  fs.mkdirSync(join(directory, 's/sub'), { recursive: true });
  fs.writeFileSync(join(directory, 's/f'), 'one');
  fs.writeFileSync(join(directory, 's/sub/g'), 'two');
};
const once = (emitter: fs.WriteStream, event: string): Promise<void> =>
  new Promise((resolve, reject) => emitter.once(event, () => resolve()).once('error', reject));

const WRITE = ['open f write create truncate', 'write f 0+5', 'close f'];
const READ = ['open f read', 'read f 0+5', 'close f'];
const copying = (from: string, to: string, length: number): string[] => [
  `open ${from} read`,
  `open ${to} write create`,
  `truncate ${to}`,
  ...(libuv >= 49 ? [`utimes ${to}`, `chown ${to}`] : []),
  `chmod ${to}`,
  `copy ${to} 0+${length}`,
  `close ${from}`,
  `close ${to}`,
];
const copyingOver = (from: string, to: string): string[] => [
  `open ${from} read`,
  `open ${to} write create truncate`,
  `chmod ${to}`,
  `copy ${to} 0+3`,
  `close ${to}`,
  `close ${from}`,
];

export const programs: readonly Program[] = [
  // whole files
  { name: 'writeFileSync of a string', run: (d) => fs.writeFileSync(join(d, 'f'), 'hello'), ops: WRITE },
  { name: 'writeFileSync of a buffer', run: (d) => fs.writeFileSync(join(d, 'f'), Buffer.from('hello')), ops: WRITE },
  { name: 'writeFileSync of nothing', run: (d) => fs.writeFileSync(join(d, 'f'), ''), ops: ['open f write create truncate', 'close f'] },
  {
    name: 'writeFileSync that flushes',
    run: (d) => fs.writeFileSync(join(d, 'f'), 'hello', { flush: true }),
    ops: [...WRITE.slice(0, 2), 'fsync f', 'close f'],
  },
  {
    name: 'writeFileSync through a descriptor with O_SYNC',
    run: (d) => fs.writeFileSync(join(d, 'f'), 'hello', { flag: 'as' }),
    ops: ['open f write create append sync', 'write f sync 0+5', 'close f'],
  },
  { name: 'writeFile with a callback', run: (d) => promisify(fs.writeFile)(join(d, 'f'), 'hello'), ops: WRITE },
  { name: 'promises.writeFile', run: (d) => fsp.writeFile(join(d, 'f'), 'hello'), ops: WRITE },
  { name: 'promises.writeFile to a URL', run: (d) => fsp.writeFile(pathToFileURL(join(d, 'f')), 'hello'), ops: WRITE },
  { name: 'writeFileSync to a Buffer path', run: (d) => fs.writeFileSync(Buffer.from(join(d, 'f')), 'hello'), ops: WRITE },
  {
    name: 'promises.writeFile of an iterable',
    run: (d) => fsp.writeFile(join(d, 'f'), ['he', 'llo']),
    ops: ['open f write create truncate', 'write f 0+2', 'write f 2+3', 'close f'],
  },
  {
    name: 'appendFileSync',
    before: withFile,
    run: (d) => fs.appendFileSync(join(d, 'f'), '!!'),
    ops: ['open f write create append', 'write f 5+2', 'close f'],
  },
  {
    name: 'promises.appendFile',
    before: withFile,
    run: (d) => fsp.appendFile(join(d, 'f'), '!!'),
    ops: ['open f write create append', 'write f 5+2', 'close f'],
  },
  { name: 'readFileSync of text', before: withFile, run: (d) => fs.readFileSync(join(d, 'f'), 'utf8'), ops: READ },
  {
    name: 'readFileSync of bytes',
    before: withFile,
    run: (d) => fs.readFileSync(join(d, 'f')),
    ops: ['open f read', 'stat f', 'read f 0+5', 'close f'],
  },
  {
    name: 'readFile with a callback',
    before: withFile,
    run: (d) => promisify(fs.readFile)(join(d, 'f')),
    ops: ['open f read', 'stat f', 'read f 0+5', 'close f'],
  },
  {
    name: 'promises.readFile',
    before: withFile,
    run: (d) => fsp.readFile(join(d, 'f'), 'utf8'),
    ops: ['open f read', 'stat f', 'read f 0+5', 'close f'],
  },
  { name: 'readFileSync of nothing', run: (d) => attempt(() => fs.readFileSync(join(d, 'f'), 'utf8')), ops: ['open f read = ENOENT'] },
  { name: 'promises.readFile of nothing', run: (d) => fsp.readFile(join(d, 'f')).catch(() => 0), ops: ['open f read = ENOENT'] },
  {
    name: 'truncateSync',
    before: withFile,
    run: (d) => fs.truncateSync(join(d, 'f'), 2),
    ops: ['open f read write', 'truncate f', 'close f'],
  },
  {
    name: 'promises.truncate',
    before: withFile,
    run: (d) => fsp.truncate(join(d, 'f'), 2),
    ops: ['open f read write', 'truncate f', 'close f'],
  },

  // descriptors
  {
    name: 'a descriptor, synchronously',
    run: (d) => {
      const fd = fs.openSync(join(d, 'f'), 'w+');
      fs.writeSync(fd, 'abc');
      fs.writeSync(fd, Buffer.from('xdefx'), 1, 3);
      fs.writevSync(fd, [Buffer.from('g'), Buffer.from('hi')]);
      fs.writeSync(fd, 'A', 0);
      fs.readSync(fd, Buffer.alloc(4), 0, 4, 2);
      fs.fdatasyncSync(fd);
      fs.fsyncSync(fd);
      fs.ftruncateSync(fd, 4);
      fs.fchmodSync(fd, 0o600);
      fs.futimesSync(fd, 1, 2);
      fs.fstatSync(fd);
      fs.closeSync(fd);
    },
    ops: [
      'open f read write create truncate',
      'write f 0+3',
      'write f 3+3',
      'write f 6+3',
      'write f 0+1',
      'read f 2+4',
      'fdatasync f',
      'fsync f',
      'truncate f',
      'chmod f',
      'utimes f',
      'stat f',
      'close f',
    ],
  },
  {
    name: 'a descriptor, with callbacks',
    run: async (d) => {
      const fd = await promisify(fs.open)(join(d, 'f'), 'wx');
      await promisify(fs.write)(fd, Buffer.from('abc'));
      await promisify(fs.fsync)(fd);
      await promisify(fs.close)(fd);
    },
    ops: ['open f write create exclusive truncate', 'write f 0+3', 'fsync f', 'close f'],
  },
  {
    name: 'a FileHandle',
    run: async (d) => {
      const handle = await fsp.open(join(d, 'f'), 'w+');
      await handle.write('abc');
      await handle.writev([Buffer.from('d'), Buffer.from('e')]);
      await handle.appendFile('f');
      await handle.read(Buffer.alloc(2), 0, 2, 0);
      await handle.sync();
      await handle.datasync();
      await handle.truncate(1);
      await handle.chmod(0o600);
      await handle.stat();
      await handle.close();
    },
    ops: [
      'open f read write create truncate',
      'write f 0+3',
      'write f 3+2',
      'write f 5+1',
      'read f 0+2',
      'fsync f',
      'fdatasync f',
      'truncate f',
      'chmod f',
      'stat f',
      'close f',
    ],
  },
  {
    name: 'a file renamed while it is open',
    run: (d) => {
      const fd = fs.openSync(join(d, 'f'), 'w');
      fs.renameSync(join(d, 'f'), join(d, 'g'));
      fs.writeSync(fd, 'abc');
      fs.closeSync(fd);
    },
    ops: ['open f write create truncate', 'rename f -> g', 'write g 0+3', 'close g'],
  },
  {
    name: 'fsync of a directory',
    run: (d) => {
      const fd = fs.openSync(d, 'r');
      fs.fsyncSync(fd);
      fs.closeSync(fd);
    },
    ops: ['open . read', 'fsync .', 'close .'],
  },

  // streams
  {
    name: 'a write stream',
    run: async (d) => {
      const stream = fs.createWriteStream(join(d, 'f'));
      stream.write('abc');
      stream.end('def');
      await once(stream, 'close');
    },
    ops: ['open f write create truncate', 'write f 0+6', 'close f'],
  },
  {
    name: 'a pipeline',
    before: withFile,
    run: (d) => pipeline(fs.createReadStream(join(d, 'f')), fs.createWriteStream(join(d, 'g'))),
    ops: ['open f read', 'open g write create truncate', 'read f 0+5', 'write g 0+5', 'read f 5+0', 'close f', 'close g'],
  },

  // names
  { name: 'renameSync', before: withFile, run: (d) => fs.renameSync(join(d, 'f'), join(d, 'g')), ops: ['rename f -> g'] },
  { name: 'promises.rename', before: withFile, run: (d) => fsp.rename(join(d, 'f'), join(d, 'g')), ops: ['rename f -> g'] },
  {
    name: 'rename that fails',
    run: (d) => fsp.rename(join(d, 'f'), join(d, 'g')).catch(() => 0),
    ops: ['rename f -> g = ENOENT'],
  },
  { name: 'linkSync', before: withFile, run: (d) => fs.linkSync(join(d, 'f'), join(d, 'g')), ops: ['link f -> g'] },
  { name: 'symlink', before: withFile, run: (d) => fsp.symlink('f', join(d, 'g')), ops: ['symlink f -> g'] },
  { name: 'symlink to nothing', run: (d) => fsp.symlink('f', join(d, 'g')), ops: ['symlink f -> g'] },
  { name: 'readlink', before: (d) => fs.symlinkSync('f', join(d, 'g')), run: (d) => fsp.readlink(join(d, 'g')), ops: ['readlink g'] },
  { name: 'unlink', before: withFile, run: (d) => fsp.unlink(join(d, 'f')), ops: ['unlink f'] },
  { name: 'mkdir', run: (d) => fsp.mkdir(join(d, 'a')), ops: ['mkdir a'] },
  {
    name: 'mkdir, recursive',
    run: (d) => fs.mkdirSync(join(d, 'a/b'), { recursive: true }),
    ops: ['mkdir a/b = ENOENT', 'mkdir a', 'mkdir a/b'],
  },
  {
    name: 'mkdir, recursive, of what exists',
    before: withTree,
    run: (d) => fsp.mkdir(join(d, 's/sub'), { recursive: true }),
    ops: ['mkdir s/sub = EEXIST', 'stat s/sub'],
  },
  { name: 'mkdtemp', run: (d) => fsp.mkdtemp(join(d, 'a-')), ops: ['mkdir a-<random>'] },
  { name: 'rmdir', before: (d) => fs.mkdirSync(join(d, 'a')), run: (d) => fsp.rmdir(join(d, 'a')), ops: ['rmdir a'] },
  {
    name: 'rmSync, recursive',
    before: withTree,
    run: (d) => fs.rmSync(join(d, 's'), { recursive: true }),
    ops:
      major >= 23
        ? ['stat s', 'stat s', 'readdir s', 'unlink s/f', 'readdir s/sub', 'unlink s/sub/g', 'rmdir s/sub', 'rmdir s']
        : [
            ...['stat s', 'stat s', 'rmdir s = ENOTEMPTY', 'readdir s', 'stat s/f', 'unlink s/f'],
            ...['stat s/sub', 'rmdir s/sub = ENOTEMPTY', 'readdir s/sub', 'stat s/sub/g', 'unlink s/sub/g', 'rmdir s/sub', 'rmdir s'],
          ],
  },
  {
    name: 'promises.rm, recursive',
    before: (d) => fs.mkdirSync(join(d, 'a/b'), { recursive: true }),
    run: (d) => fsp.rm(join(d, 'a'), { recursive: true, force: true }),
    ops: ['stat a', 'stat a', 'rmdir a = ENOTEMPTY', 'readdir a', 'stat a/b', 'rmdir a/b', 'rmdir a'],
  },
  { name: 'readdir', before: withTree, run: (d) => fsp.readdir(join(d, 's'), { withFileTypes: true }), ops: ['readdir s'] },
  {
    name: 'opendir',
    before: withTree,
    run: async (d) => {
      for await (const entry of await fsp.opendir(join(d, 's'))) if (entry.name === '') throw new Error('no name');
    },
    ops: ['readdir s'],
  },
  { name: 'opendirSync', before: withTree, run: (d) => fs.opendirSync(join(d, 's')).closeSync(), ops: ['readdir s'] },

  // metadata
  { name: 'existsSync', before: withFile, run: (d) => fs.existsSync(join(d, 'f')), ops: ['access f'] },
  { name: 'existsSync of nothing', run: (d) => fs.existsSync(join(d, 'f')), ops: ['access f = ENOENT'] },
  { name: 'access', before: withFile, run: (d) => fsp.access(join(d, 'f')), ops: ['access f'] },
  {
    name: 'stat and lstat',
    before: withFile,
    run: (d) => [fs.statSync(join(d, 'f')), fs.lstatSync(join(d, 'f'))],
    ops: ['stat f', 'stat f'],
  },
  { name: 'statSync that does not throw', run: (d) => fs.statSync(join(d, 'f'), { throwIfNoEntry: false }), ops: ['stat f = ENOENT'] },
  { name: 'realpath', before: withFile, run: (d) => fsp.realpath(join(d, 'f')), ops: ['readlink f'] },
  { name: 'chmod', before: withFile, run: (d) => fsp.chmod(join(d, 'f'), 0o600), ops: ['chmod f'] },
  { name: 'utimes', before: withFile, run: (d) => fsp.utimes(join(d, 'f'), 1, 2), ops: ['utimes f'] },

  // copies
  { name: 'copyFileSync', before: withFile, run: (d) => fs.copyFileSync(join(d, 'f'), join(d, 'g')), ops: copying('f', 'g', 5) },
  { name: 'promises.copyFile', before: withFile, run: (d) => fsp.copyFile(join(d, 'f'), join(d, 'g')), ops: copying('f', 'g', 5) },
  {
    name: 'copyFile over itself',
    before: withFile,
    run: (d) => fsp.copyFile(join(d, 'f'), join(d, 'f')),
    ops: ['open f read', 'open f write create', 'close f', 'close f'],
  },
  {
    name: 'copyFile that must not replace',
    before: (d) => {
      withFile(d);
      fs.writeFileSync(join(d, 'g'), '');
    },
    run: (d) => fsp.copyFile(join(d, 'f'), join(d, 'g'), fs.constants.COPYFILE_EXCL).catch(() => 0),
    ops: ['open f read', 'open g write create exclusive = EEXIST', 'close f'],
  },
  {
    name: 'copyFile of a directory',
    before: (d) => fs.mkdirSync(join(d, 'a')),
    run: (d) => fsp.copyFile(join(d, 'a'), join(d, 'g')).catch(() => 0),
    ops: [...copying('a', 'g', 0).slice(0, -3), 'copy g = EISDIR', 'close a', 'close g', 'unlink g'],
  },
  {
    name: 'cpSync of a directory',
    before: withTree,
    run: (d) => fs.cpSync(join(d, 's'), join(d, 't'), { recursive: true }),
    ops: [
      ...['mkdir t', ...(native ? copyingOver('s/f', 't/f') : [...copying('s/f', 't/f', 3), 'chmod t/f'])],
      ...['mkdir t/sub', ...(native ? copyingOver('s/sub/g', 't/sub/g') : [...copying('s/sub/g', 't/sub/g', 3), 'chmod t/sub/g'])],
      ...(native ? [] : ['chmod t/sub', 'chmod t']),
    ],
    changes: true,
  },
];

function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // the op says which error it was
  }
}
