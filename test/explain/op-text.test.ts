import { expect, test } from 'vitest';
import type { Op } from '../../harness/domain/trace.ts';
import { opText, withoutBytes } from '../../harness/explain/op-text.ts';
import { file, op } from '../report/fixture.ts';

const rows: readonly (readonly [Op, string])[] = [
  [op(1, 'rename', 'sessions.json', { to: file('sessions.json.bak.<time>') }), 'rename sessions.json -> sessions.json.bak.<time>'],
  [op(1, 'write', 'a.tmp', { range: { offset: 0, length: 1204 } }), 'write a.tmp 0..1204'],
  [op(1, 'copy', 'a.bak', { range: { offset: 4096, length: 10 } }), 'copy to a.bak 4096..4106'],
  [op(1, 'copy', 'a', { to: file('a.bak') }), 'copy a -> a.bak'],
  [op(1, 'open', 'a', { flags: ['read'] }), 'open a'],
  [op(1, 'open', '.', { flags: ['read', 'directory'] }), 'open .'],
  [
    op(1, 'open', 'a.lock', { flags: ['write', 'create', 'exclusive'], error: 'EEXIST' }),
    'open a.lock (write, create, exclusive) failed: EEXIST',
  ],
  [op(1, 'mkdir', 'd', { mode: 0o700 }), 'mkdir d 0700'],
  [op(1, 'truncate', 'a', { range: { offset: 0, length: 12 } }), 'truncate a to 12'],
  [op(1, 'fsync', '.'), 'fsync .'],
  [op(1, 'write', 'a', { range: { offset: 0, length: 3 }, process: 2 }), 'write a 0..3 by child process 2'],
];

test.each(rows.map(([given, text]) => [text, given] as const))('%s', (text, given) => {
  expect(opText(given)).toBe(text);
});

test('byte counts can be taken out again, and nothing else', () => {
  for (const [given, text] of rows) {
    const bare = withoutBytes(text);
    expect(bare).not.toMatch(/\d\.\.\d|to \d/);
    const { range: _, ...rest } = given;
    expect(bare).toBe(opText(rest));
  }
});
