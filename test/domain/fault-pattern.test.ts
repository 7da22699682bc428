/** What `--fault` means. */
import { expect, test } from 'vitest';
import { parseFaultPattern } from '../../harness/domain/fault-pattern.ts';

test.each<[text: string, path: string, expected: boolean]>([
  ['rename', 'anything', true],
  ['rename:*.tmp', 'a.tmp', true],
  ['rename:*.tmp', 'dir/a.<uuid>.tmp', true],
  ['rename:*.tmp', 'a.tmp.bak', false],
  ['rename:?.tmp', 'a.tmp', true],
  ['rename:?.tmp', 'ab.tmp', false],
  ['rename:a.tmp', 'aXtmp', false],
  ['rename:[a]+(b)|c', '[a]+(b)|c', true],
  ['rename:[a]', 'a', false],
  ['rename:a=b', 'a=b', false],
])('%s of %s: %s', (text, path, expected) => {
  if (text === 'rename:a=b') {
    expect(() => parseFaultPattern(text)).toThrow('unknown errno of rename "b"');
    return;
  }
  expect(parseFaultPattern(text).hasPath(path)).toBe(expected);
});

test('an errno is one that the call can fail with', () => {
  expect(parseFaultPattern('write:live=ENOSPC')).toMatchObject({ text: 'write:live=ENOSPC', call: 'write', errno: 'ENOSPC' });
  expect(parseFaultPattern('write')).not.toHaveProperty('errno');
  expect(() => parseFaultPattern('write=EXDEV')).toThrow('unknown errno of write "EXDEV"');
  expect(() => parseFaultPattern('write=')).toThrow('unknown errno of write ""');
});

test.each(['', ':live', 'mapwrite', 'renam', 'RENAME'])('"%s" names no call that fails', (text) => {
  expect(() => parseFaultPattern(text)).toThrow(`unknown call "${text.replace(':live', '')}"`);
});
