/** What a log of strace did to a directory, carried out again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Trace, Tree } from '../../../harness/domain/trace.ts';
import { hashBytes } from '../../../harness/domain/tree.ts';
import { runOfLog } from '../../../harness/record/strace/run-of-log.ts';
import { temporaryDirectory } from '../../lab/temporary.ts';

const root = temporaryDirectory();
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
function traceOf(
  lines: readonly string[],
  start: { readonly [path: string]: string } = {},
): Trace & { readonly command: readonly string[] } {
  count += 1;
  const scratch = join(root, String(count));
  mkdirSync(scratch);
  const tree: Tree = new Map(
    Object.entries(start).map(([path, text]) => [
      path,
      { kind: 'file', mode: 0o644, bytes: Buffer.from(text), hash: hashBytes(Buffer.from(text)) },
    ]),
  );
  const { trace, command } = runOfLog(lines.join('\n'), { directory: '/work/data', cwd: '/work', start: tree, scratch });
  return { ...trace, command };
}

/** Each file with its contents, after the last op. */
const files = ({ trees }: Trace): object =>
  Object.fromEntries(
    [...(trees.at(-1) ?? [])].map(([path, entry]) => [
      path,
      entry.kind === 'file' ? Buffer.from(entry.bytes).toString('latin1') : entry.kind,
    ]),
  );
const said = ({ ops }: Trace): string[] =>
  ops.map(({ call, file, to, range, error }) =>
    [
      call,
      file.path,
      ...(to ? [`-> ${to.path}`] : []),
      ...(range ? [`${range.offset}+${range.length}`] : []),
      ...(error ? [error] : []),
    ].join(' '),
  );

const WRITE_AND_RENAME = [
  '1 execve("/bin/save", ["save", "data"], 0x7f /* 3 vars */) = 0',
  '1 openat(AT_FDCWD, "data/t", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 3',
  '1 write(3, "abc", 3) = 3',
  '1 fsync(3) = 0',
  '1 close(3) = 0',
  '1 rename("/work/data/t", "data/a") = 0',
  '1 write(1, "ack a\\n", 6) = 6',
];

test('ops, trees, acknowledgements and the command', () => {
  const trace = traceOf(WRITE_AND_RENAME, { a: 'old' });
  expect(said(trace)).toEqual(['open t', 'write t 0+3', 'fsync t', 'close t', 'rename t -> a']);
  expect(trace.trees.map((tree) => [...tree.keys()].join())).toEqual(['a', 'a,t', 'a,t', 'a,t', 'a,t', 'a']);
  expect(trace.marks).toEqual([{ kind: 'resolved', step: 0, afterOp: 5, name: 'a' }]);
  expect(trace.ops[1]?.data).toEqual(Buffer.from('abc'));
  expect(files(trace)).toEqual({ a: 'abc' });
  expect(trace.trees[1]?.get('t')).toMatchObject({ mode: 0o600 });
  expect([trace.command, trace.recorder]).toEqual([['save', 'data'], 'strace']);
});

test('a file keeps its id when it is renamed', () => {
  const { ops } = traceOf(WRITE_AND_RENAME, { a: 'old' });
  expect(ops.map(({ file, to }) => [file.id, to?.id])).toEqual([
    [1, undefined],
    [1, undefined],
    [1, undefined],
    [1, undefined],
    [1, 2],
  ]);
});

describe('a position', () => {
  const OPEN = '1 open("data/f", O_RDWR|O_CREAT, 0644) = 3';

  test.each([
    ['goes on with each write and read', ['1 write(3, "ab", 2) = 2', '1 read(3, "", 10) = 0', '1 write(3, "cd", 2) = 2'], 'abcd'],
    ['is shared by duplicates', ['1 dup(3) = 4', '1 write(3, "ab", 2) = 2', '1 write(4, "cd", 2) = 2'], 'abcd'],
    [
      'is shared with a child, which has its own descriptors',
      ['1 fork() = 2', '2 write(3, "ab", 2) = 2', '2 close(3) = 0', '1 write(3, "cd", 2) = 2'],
      'abcd',
    ],
    ['is set by lseek', ['1 write(3, "abcd", 4) = 4', '1 lseek(3, 1, SEEK_SET) = 1', '1 write(3, "X", 1) = 1'], 'aXcd'],
    ['is not moved by pwrite', ['1 pwrite64(3, "abcd", 4, 2) = 4', '1 write(3, "X", 1) = 1'], 'X\0abcd'],
    [
      'is not that of a thread of its own',
      ['1 clone(flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 2', '2 write(3, "ab", 2) = 2', '1 write(3, "cd", 2) = 2'],
      'abcd',
    ],
    [
      'stays where the descriptor is only marked',
      ['1 write(3, "ab", 2) = 2', '1 fcntl(3, F_SETFD, FD_CLOEXEC) = 0', '1 write(3, "cd", 2) = 2'],
      'abcd',
    ],
    ['counts what was written, not what was asked for', ['1 write(3, "abcdef", 6) = 2', '1 write(3, "X", 1) = 1'], 'abX'],
  ])('%s', (_, lines, text) => {
    expect(files(traceOf([OPEN, ...lines]))).toEqual({ f: text });
  });

  test('is the end of a file that is appended to', () => {
    const trace = traceOf(['1 open("data/f", O_WRONLY|O_APPEND) = 3', '1 write(3, "cd", 2) = 2'], { f: 'ab' });
    expect([files(trace), said(trace)[1]]).toEqual([{ f: 'abcd' }, 'write f 2+2']);
  });
});

test('vectors, truncation, allocation, copies, links and directories', () => {
  const trace = traceOf([
    '1 open("data/f", O_RDWR|O_CREAT, 0644) = 3',
    '1 writev(3, [{iov_base="ab", iov_len=2}, {iov_base="\\0\\377", iov_len=2}], 2) = 4',
    '1 ftruncate(3, 3) = 0',
    '1 fallocate(3, 0, 0, 5) = 0',
    '1 mkdir("data/d", 0700) = 0',
    '1 open("data/d/g", O_WRONLY|O_CREAT, 0644) = 4',
    '1 copy_file_range(3, [0], 4, NULL, 2, 0) = 2',
    '1 link("data/f", "data/h") = 0',
    '1 symlink("f", "data/s") = 0',
    '1 unlink("data/f") = 0',
    '1 fchmod(3, 0600) = 0',
  ]);
  expect(files(trace)).toEqual({ d: 'directory', 'd/g': 'ab', h: 'ab\0\0\0', s: 'symlink' });
  expect(trace.trees.at(-1)?.get('h')).toMatchObject({ mode: 0o600 });
  expect(said(trace).at(-1)).toBe('chmod f'); // the name under which it was opened is gone
});

describe('a symlink', () => {
  const OPEN = '1 open("data/link", O_WRONLY|O_TRUNC) = 3';

  test('in the directory is followed, also by the path that the directory had where the log was written', () => {
    const trace = traceOf(
      ['1 symlink("/work/data/a", "data/link") = 0', OPEN, '1 write(3, "new", 3) = 3', '1 chmod("data/link", 0600) = 0'],
      { a: 'old' },
    );
    expect(files(trace)).toEqual({ a: 'new', link: 'symlink' });
    expect(trace.trees.at(-1)?.get('a')).toMatchObject({ mode: 0o600 });
    const through = traceOf([
      '1 mkdir("data/d", 0755) = 0',
      '1 symlink("d", "data/to") = 0',
      '1 open("data/to/f", O_WRONLY|O_CREAT, 0644) = 3',
    ]);
    expect(files(through)).toEqual({ d: 'directory', 'd/f': '', to: 'symlink' });
  });

  test.each([
    ['a file', 'kept', [OPEN, '1 write(3, "new", 3) = 3', '1 truncate("data/link", 0) = 0', '1 chmod("data/link", 0) = 0']],
    [
      'a directory',
      '.',
      ['1 open("data/link/kept", O_WRONLY|O_TRUNC) = 3', '1 unlink("data/link/kept") = 0', '1 mkdir("data/link/d", 0755) = 0'],
    ],
  ])('that leads out of it to %s is not followed: nothing is touched there', (_, to, lines) => {
    const elsewhere = mkdtempSync(join(root, 'elsewhere-'));
    writeFileSync(join(elsewhere, 'kept'), 'kept', { mode: 0o644 });
    const trace = traceOf([`1 symlink("${join(elsewhere, to)}", "data/link") = 0`, ...lines]);
    expect(said(trace).map((text) => text.split(' ')[0])).toEqual(['symlink']);
    expect(readdirSync(elsewhere)).toEqual(['kept']);
    expect(readFileSync(join(elsewhere, 'kept'), 'utf8')).toBe('kept');
  });
});

test('a call that failed is an op with its errno, and is not carried out', () => {
  const trace = traceOf(
    ['1 unlink("data/a") = -1 EACCES (Permission denied)', '1 rename("data/a", "data/b") = -1 EXDEV (Invalid cross-device link)'],
    { a: 'x' },
  );
  expect([said(trace), files(trace)]).toEqual([['unlink a EACCES', 'rename a -> b EXDEV'], { a: 'x' }]);
});

test('what is done elsewhere is no op: other files, and descriptors that another program does not inherit', () => {
  const trace = traceOf([
    '1 open("/etc/passwd", O_RDONLY) = 3',
    '1 read(3, "root", 4) = 4',
    '1 open("data/f", O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = 4',
    '1 execve("/bin/next", ["next"], 0x7f) = 0',
    '1 open("/tmp/log", O_WRONLY) = 4',
    '1 write(4, "ab", 2) = 2',
    '1 chdir("data") = 0',
    '1 unlink("f") = 0',
  ]);
  expect(said(trace)).toEqual(['open f', 'unlink f']);
});

test('acknowledgements count on the standard output alone, wherever it was moved to, and at the end of their line', () => {
  const { marks } = traceOf([
    '1 open("data/f", O_WRONLY|O_CREAT, 0644) = 3',
    '1 fcntl(1, F_DUPFD, 10) = 10',
    '1 dup2(3, 1) = 1',
    '1 write(1, "ack no\\n", 7) = 7',
    '1 dup2(10, 1) = 1',
    '1 write(1, "ack y", 5) = 5',
    '1 unlink("data/f") = 0',
    '1 write(1, "es\\n", 3) = 3',
  ]);
  expect(marks).toEqual([{ kind: 'resolved', step: 0, afterOp: 3, name: 'yes' }]);
});

test('stores to mapped files are said to be unseen', () => {
  const { unmeasured } = traceOf([
    '1 open("data/f", O_RDWR|O_CREAT, 0644) = 3',
    '1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f00',
  ]);
  expect(unmeasured).toEqual(['stores to f, which is mapped: strace does not see them']);
});

test.each([
  ['began with other files', ['1 open("data/a", O_RDONLY) = 3'], 'line 1: open succeeded, and gives ENOENT here'],
  ['brings in a file', ['1 rename("/tmp/x", "data/a") = 0'], 'line 1: it brings in /tmp/x, whose contents are not in the log'],
  [
    'copies from elsewhere',
    ['1 open("/tmp/x", O_RDONLY) = 3', '1 open("data/a", O_WRONLY|O_CREAT, 0644) = 4', '1 sendfile(4, 3, NULL, 10) = 10'],
    'line 3: it copies from /tmp/x',
  ],
  [
    'was recorded with short strings',
    ['1 open("data/a", O_WRONLY|O_CREAT, 0644) = 4', '1 write(4, "abc"..., 10) = 10'],
    'line 2: strace has left out a part',
  ],
])('a log that %s is refused, with the line', (_, lines, message) => {
  expect(() => traceOf(lines)).toThrow(message);
});
