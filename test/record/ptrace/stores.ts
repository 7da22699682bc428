/** Small stores, each for one way to reach the directory, with the effects that a recording must show. */
import { pythonPath, type StoreText } from './tracing.ts';

export interface Sample extends StoreText {
  readonly what: string;
  /** Without the calls that only look. */
  readonly ops: readonly string[];
  readonly unmeasured?: readonly string[];
  /** Starts python3. */
  readonly python?: true;
}

export const python = (program: string): Pick<Sample, 'save' | 'python'> => ({
  python: true,
  save: `
    const ended = child.spawnSync(${JSON.stringify(pythonPath)}, ['-c', ${JSON.stringify(program)}, here], { encoding: 'utf8' });
    if (ended.status !== 0) throw new Error(ended.stderr);`,
});

/** From Node 22 on, copyFile copies times and owner too. */
const copied = (name: string): string[] => [
  ...(Number(process.versions.node.split('.')[0]) < 22 ? [] : [`utimes ${name}`, `chown ${name}`]),
  `chmod ${name}`,
  `copy ${name}`,
];

const ALL: readonly Sample[] = [
  {
    what: 'synchronous calls',
    before: `fs.writeFileSync(at('old'), 'old'); fs.mkdirSync(at('gone'))`,
    save: `
      fs.writeFileSync(at('a'), value);
      fs.appendFileSync(at('a'), value);
      fs.copyFileSync(at('a'), at('b'));
      fs.truncateSync(at('b'), 1);
      fs.renameSync(at('b'), at('c'));
      fs.linkSync(at('c'), at('d'));
      fs.symlinkSync('c', at('e'));
      fs.chmodSync(at('c'), 0o640);
      fs.utimesSync(at('c'), 1, 2);
      fs.mkdirSync(at('f/g'), { recursive: true });
      fs.rmdirSync(at('gone'));
      fs.unlinkSync(at('d'));
      const fd = fs.openSync(at('old'), 'r+');
      fs.writeSync(fd, 'new', 1);
      fs.ftruncateSync(fd, 2);
      fs.fchmodSync(fd, 0o600);
      fs.fdatasyncSync(fd);
      fs.fsyncSync(fd);
      fs.closeSync(fd);`,
    ops: [
      'open a',
      'write a',
      'open a',
      'write a',
      'open b',
      'truncate b',
      ...copied('b'),
      'open b',
      'truncate b',
      'rename b -> c',
      'link c -> d',
      'symlink c -> e',
      'chmod c',
      'utimes c',
      'mkdir f/g = ENOENT',
      'mkdir f',
      'mkdir f/g',
      'rmdir gone',
      'unlink d',
      'open old',
      'write old',
      'truncate old',
      'chmod old',
      'fdatasync old',
      'fsync old',
    ],
  },
  {
    what: 'names that no file can have',
    before: `fs.writeFileSync(at('old'), 'old')`,
    save: `
      const tries = (call) => { try { call(); } catch (error) { if (!['ENAMETOOLONG', 'ENOTDIR'].includes(error.code)) throw error; } };
      tries(() => fs.writeFileSync(at('n'.repeat(300)), value));
      tries(() => fs.writeFileSync(at('d/'.repeat(3000) + 'x'), value));
      tries(() => fs.writeFileSync(at('old/x'), value));
      tries(() => fs.renameSync(at('old'), at('o'.repeat(300))));
      tries(() => fs.statSync(at('o'.repeat(300))));
      fs.writeFileSync(at('a'), value);`,
    ops: [
      `open ${'n'.repeat(300)} = ENAMETOOLONG`,
      `open ${'d/'.repeat(3000)}x = ENAMETOOLONG`,
      'open old/x = ENOTDIR',
      `rename old -> ${'o'.repeat(300)} = ENAMETOOLONG`,
      'open a',
      'write a',
    ],
  },
  {
    what: 'promises',
    before: `fs.writeFileSync(at('old'), 'old')`,
    save: `
      await fsp.writeFile(at('a'), value);
      await fsp.appendFile(at('a'), value);
      await fsp.copyFile(at('a'), at('b'));
      await fsp.rename(at('b'), at('c'));
      await fsp.mkdir(at('d'));
      await fsp.rm(at('d'), { recursive: true });
      const handle = await fsp.open(at('old'), 'r+');
      await handle.write('new');
      await handle.sync();
      await handle.truncate(1);
      await handle.close();
      await fsp.unlink(at('c'));`,
    ops: [
      'open a',
      'write a',
      'open a',
      'write a',
      'open b',
      'truncate b',
      ...copied('b'),
      'rename b -> c',
      'mkdir d',
      'rmdir d',
      'open old',
      'write old',
      'fsync old',
      'truncate old',
      'unlink c',
    ],
  },
  {
    what: 'callbacks and streams',
    save: `
      const done = require('node:util').promisify;
      await done(fs.writeFile)(at('a'), value);
      await done(fs.rename)(at('a'), at('b'));
      await new Promise((resolve) => fs.createWriteStream(at('c')).end('text').on('close', resolve));`,
    ops: ['open a', 'write a', 'rename a -> b', 'open c', 'write c'],
  },
  {
    what: 'calls that fail',
    save: `
      const tried = (call) => { try { call(); } catch {} };
      tried(() => fs.mkdirSync(here));
      tried(() => fs.renameSync(at('nothing'), at('a')));
      tried(() => fs.unlinkSync(at('nothing')));
      fs.writeFileSync(at('a'), value);
      tried(() => fs.openSync(at('a'), 'wx'));`,
    ops: ['mkdir . = EEXIST', 'rename nothing -> a = ENOENT', 'unlink nothing = ENOENT', 'open a', 'write a', 'open a = EEXIST'],
  },
  {
    what: 'paths relative to a changed working directory',
    save: `
      process.chdir(here);
      fs.mkdirSync('sub');
      process.chdir('sub');
      fs.writeFileSync('../a', value);
      fs.renameSync('../a', 'b');`,
    ops: ['mkdir sub', 'open a', 'write a', 'rename a -> sub/b'],
  },
  {
    what: 'another spelling of the directory, through a symlink',
    save: `
      fs.symlinkSync(here, here + '.link');
      fs.writeFileSync(here + '.link/a', value);
      fs.renameSync(here + '.link/a', at('b'));`,
    ops: ['open a', 'write a', 'rename a -> b'],
  },
  {
    what: 'files that come from outside and go there',
    save: `
      const outside = fs.mkdtempSync(path.join(here, '../outside-')) + '/file';
      fs.writeFileSync(outside, value);
      fs.renameSync(outside, at('a'));
      fs.renameSync(at('a'), outside);`,
    ops: ['rename ../outside-<random>/file -> a', 'rename a -> ../outside-<random>/file'],
  },
  {
    what: 'a file whose name is gone',
    save: `
      const fd = fs.openSync(at('a'), 'w');
      fs.unlinkSync(at('a'));
      fs.writeSync(fd, value);
      fs.closeSync(fd);
      fs.writeFileSync(at('a'), 'another');`,
    ops: ['open a', 'unlink a', 'write a', 'open a', 'write a'],
  },
  {
    what: 'names with spaces, dots and letters of all sorts',
    save: `for (const name of ['a b', '..x', 'ä✓', '-n', "it's"]) fs.writeFileSync(at(name), value);`,
    ops: ['open a b', 'write a b', 'open ..x', 'write ..x', 'open ä✓', 'write ä✓', 'open -n', 'write -n', "open it's", "write it's"],
  },
  {
    what: 'a program that it starts',
    save: `child.spawnSync('sh', ['-c', 'echo x > a; mv a b'], { cwd: here });`,
    ops: ['open a by 1', 'write a by 1', 'rename a -> b by 2'],
  },
  {
    what: 'a descriptor that a program inherits',
    save: `
      const fd = fs.openSync(at('a'), 'w');
      child.spawnSync('sh', ['-c', 'echo x >&3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
      fs.closeSync(fd);`,
    ops: ['open a', 'write a by 1'],
  },
  {
    what: 'a descriptor of another number',
    save: `
      const fd = fs.openSync(at('a'), 'w');
      child.spawnSync('sh', ['-c', 'exec 7>&3 3>&-; echo x >&7'], { stdio: ['ignore', 'ignore', 'ignore', fd] });`,
    ops: ['open a', 'write a by 1'],
  },
  {
    what: 'a worker thread',
    save: `
      const { Worker } = require('node:worker_threads');
      const code = "require('node:fs').writeFileSync(require('node:worker_threads').workerData, 'x')";
      const worker = new Worker(code, { eval: true, workerData: at('a') });
      await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));`,
    ops: ['open a', 'write a'],
  },
  {
    what: 'a process that it leaves behind',
    save: `
      fs.writeFileSync(at('a'), value);
      child.spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref();`,
    ops: ['open a', 'write a'],
  },
  {
    what: 'names made up at random, and times',
    save: `
      const name = at('live.' + require('node:crypto').randomBytes(6).toString('hex'));
      fs.writeFileSync(name, value);
      fs.renameSync(name, at('live'));
      fs.writeFileSync(path.join(fs.mkdtempSync(at('dir-')), 'note'), String(Math.random()));
      fs.writeFileSync(at('backup.' + Date.now()), value);
      fs.writeFileSync(at(require('node:crypto').randomUUID()), value);`,
    ops: [
      'open live.<random>',
      'write live.<random>',
      'rename live.<random> -> live',
      'mkdir dir-<random>',
      'open dir-<random>/note',
      'write dir-<random>/note',
      'open backup.<time>',
      'write backup.<time>',
      'open <uuid>',
      'write <uuid>',
    ],
  },
  {
    what: 'the number of the process',
    save: `
      fs.writeFileSync(at('lock.' + process.pid), 'held by ' + process.pid);
      fs.renameSync(at('lock.' + process.pid), at('lock'));`,
    ops: ['open lock.<random>', 'write lock.<random>', 'rename lock.<random> -> lock'],
  },
  {
    what: 'writes of several pages',
    before: `fs.writeFileSync(at('old'), text(3, 'o'))`,
    save: `
      const fd = fs.openSync(at('old'), 'r+');
      fs.writeSync(fd, text(2, 'w').slice(1));
      fs.writeSync(fd, Buffer.from(text(2, 'p')), 0, 2 * 4096, 100);
      fs.writevSync(fd, [Buffer.from('v'), Buffer.from(text(1, 'v')), Buffer.from(text(1, 'V'))]);
      fs.writevSync(fd, [Buffer.from(text(1, 'q')), Buffer.from(text(1, 'Q'))], 50);
      fs.closeSync(fd);
      fs.appendFileSync(at('old'), text(1, 'a') + 'b');`,
    ops: ['open old', 'write old', 'write old', 'write old', 'write old', 'open old', 'write old'],
  },
  {
    what: 'copies of several pages',
    before: `fs.writeFileSync(at('old'), text(3, 'o')); fs.writeFileSync(at('short'), 's')`,
    save: `
      fs.copyFileSync(at('old'), at('new'));
      await fsp.copyFile(at('old'), at('short'));`,
    ops: ['open new', 'truncate new', ...copied('new'), 'open short', 'truncate short', ...copied('short')],
  },
  {
    what: 'paths relative to a descriptor, and a descriptor doubled',
    ...python(`
import os, sys
directory = os.open(sys.argv[1], os.O_RDONLY)
file = os.open('a', os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=directory)
os.dup2(file, 9)
os.close(file)
os.write(9, b'text')
os.pwrite(9, b'T', 0)
os.rename('a', 'b', src_dir_fd=directory, dst_dir_fd=directory)
os.link('b', 'd', src_dir_fd=directory, dst_dir_fd=directory)
os.mkdir('c', dir_fd=directory)
os.unlink('b', dir_fd=directory)
os.fchdir(directory)
os.rename('d', 'c/e')
`),
    ops: [
      'open a by 1',
      'write a by 1',
      'write a by 1',
      'rename a -> b by 1',
      'link b -> d by 1',
      'mkdir c by 1',
      'unlink b by 1',
      'rename d -> c/e by 1',
    ],
  },
  {
    what: 'an io_uring, which is refused as by a kernel without it',
    ...python(`
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(425, 8, ctypes.create_string_buffer(120)) == -1
assert ctypes.get_errno() == errno.ENOSYS
open(sys.argv[1] + '/a', 'w').close()
`),
    ops: ['open a by 1'],
    ...(process.arch === 'x64' ? {} : { unmeasured: ['io_uring: its operations are not syscalls'] }),
  },
  {
    what: 'a file that is written through memory',
    ...python(`
import mmap, os, sys
file = os.open(sys.argv[1] + '/a', os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(file, 4096)
memory = mmap.mmap(file, 4096)
memory[0:4] = b'text'
memory.flush()
`),
    ops: ['open a by 1', 'truncate a by 1', 'mmap a by 1', 'mapwrite a by 1', 'msync a by 1', 'mmap a by 1'],
  },
];

/** Those that can run here. */
export const SAMPLES: readonly Sample[] = ALL.filter((sample) => pythonPath !== undefined || sample.python === undefined);
