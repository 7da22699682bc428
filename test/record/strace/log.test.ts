/** Lines of strace, as calls. */
import { expect, test } from 'vitest';
import { BadLog, bytesOf, callsIn } from '../../../harness/record/strace/log.ts';

const only = (log: string) => callsIn(log)[0];

test.each([
  ['with a process', '12  close(3) = 0', { pid: 12, name: 'close', args: ['3'], result: 0 }],
  ['without one', 'close(3)                                = 0', { pid: 0, name: 'close', args: ['3'], result: 0 }],
  ['on the terminal', '[pid    12] close(3) = 0', { pid: 12, name: 'close' }],
  ['with a time', '12 10:15:01.123456 close(3) = 0 <0.000012>', { pid: 12, name: 'close', args: ['3'], result: 0 }],
  ['with seconds', '12    1700000000.123456 close(3) = 0', { pid: 12, name: 'close' }],
  ['that failed', '12 unlink("a") = -1 ENOENT (No such file or directory)', { result: -1, error: 'ENOENT' }],
  [
    'that returns an address',
    '12 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f00',
    { args: ['NULL', '4096', 'PROT_READ', 'MAP_PRIVATE', '3', '0'], result: 0x7f00 },
  ],
  ['that returns flags in words', '12 fcntl(3, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)', { result: 0x8000 }],
  ['without arguments', '12 fork() = 13', { args: [], result: 13 }],
  ['whose strings look like syntax', '12 rename("a, \\"b)", "c\\\\") = 0', { args: ['"a, \\"b)"', '"c\\\\"'] }],
  [
    'with lists and structures',
    '12 writev(1, [{iov_base="a)", iov_len=2}, {iov_base="", iov_len=0}], 2) = 2',
    { args: ['1', '[{iov_base="a)", iov_len=2}, {iov_base="", iov_len=0}]', '2'] },
  ],
  ['with the paths of descriptors', '12 fsync(3</tmp/a, b)>) = 0', { args: ['3</tmp/a, b)>'] }],
  [
    'with a comment',
    '12 execve("/bin/sh", ["sh"], 0x7ffe /* 20 vars, all */) = 0',
    { args: ['"/bin/sh"', '["sh"]', '0x7ffe /* 20 vars, all */'] },
  ],
])('a call %s', (_, line, call) => {
  expect(only(line)).toMatchObject({ line: 1, ...call });
});

test('a call that another process interrupts counts where it returns, with all its arguments', () => {
  const log = '1 read(3,  <unfinished ...>\n2 close(4) = 0\n1 <... read resumed>"abc", 3) = 3\n';
  expect(callsIn(log)).toMatchObject([
    { pid: 2, name: 'close' },
    { pid: 1, line: 3, name: 'read', args: ['3', '"abc"', '3'], result: 3 },
  ]);
});

test('a call that makes a process counts where it begins: the child may act first', () => {
  const log =
    '1 vfork( <unfinished ...>\n2 close(4) = 0\n1 <... vfork resumed>) = 2\n1 clone(flags=SIGCHLD <unfinished ...>\n3 close(4) = 0\n1 <... clone resumed>, child_tidptr=0x7f) = 3\n';
  expect(callsIn(log).map(({ pid, name, result }) => [pid, name, result])).toEqual([
    [1, 'vfork', 2],
    [2, 'close', 0],
    [1, 'clone', 3],
    [3, 'close', 0],
  ]);
});

test('signals, ends of processes, calls that never return and calls that began before the log are no calls', () => {
  const log =
    '1 --- SIGCHLD {si_signo=SIGCHLD} ---\n1 exit_group(0) = ?\n1 +++ exited with 0 +++\n2 <... wait4 resumed>NULL, 0, NULL) = 1\nstrace: Process 3 attached\n';
  expect(callsIn(log)).toEqual([]);
});

test.each([
  ['something else', 'import json\n', 'line 1: this is no line of strace: import json'],
  ['a line without its end', '1 close(3) = 0\n1 write(3, "abc', 'line 2: a string in it has no end'],
  ['a line without its result', '1 close(3)', 'line 1: it is cut off: close(3)'],
  ['a line that ends in its arguments', '1 mmap(NULL, ', 'line 1: it is cut off: mmap(NULL, '],
])('%s is refused, with the line', (_, log, message) => {
  expect(() => callsIn(log)).toThrow(BadLog);
  expect(() => callsIn(log)).toThrow(message);
});

test('a string is bytes', () => {
  expect(bytesOf('"a\\"\\\\\\n\\t\\v\\f\\r\\0\\1234\\303\\251\\xff"', 1)).toEqual(Buffer.from('a"\\\n\t\v\f\r\0S4\xc3\xa9\xff', 'latin1'));
});

test('a string that strace left a part of out is refused, with what to do', () => {
  expect(() => bytesOf('"abc"...', 7)).toThrow('line 7: strace has left out a part of what was written: record with "-s 1000000"');
});
