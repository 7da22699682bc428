/** What is done to a file at rest, and what it looks like afterwards. */
import { expect, test } from 'vitest';
import { hashBytes } from '../../../harness/domain/tree.ts';
import { DAMAGES, damagesOf } from '../../../harness/models/at-rest/damages.ts';

const fileOf = (text: string) => {
  const bytes = Buffer.from(text);
  return { kind: 'file', mode: 0o600, bytes, hash: hashBytes(bytes) } as const;
};
const textsOf = (text: string, older?: string): { [kind: string]: string } =>
  Object.fromEntries(
    damagesOf(fileOf(text), older === undefined ? undefined : Buffer.from(older)).map(({ kind, bytes }) => [
      kind,
      Buffer.from(bytes).toString(),
    ]),
  );

test('a small text is damaged in every way but by whole blocks', () => {
  expect(textsOf('{"a":1}\n', '{"a":0}\n')).toEqual({
    cut: '{"a"',
    emptied: '',
    nuls: '\0'.repeat(8),
    garbage: '%PDF-1.4',
    bom: '\ufeff{"a":1}\n',
    comma: '{"a":1,}\n',
    older: '{"a":0}\n',
  });
});

test('what would be the same as another is left out, and so is what cannot be done', () => {
  expect(Object.keys(textsOf('{"a":1}'))).not.toContain('older');
  expect(Object.keys(textsOf('plain text'))).not.toContain('comma');
  expect(Object.keys(textsOf('{}'))).not.toContain('flip');
  expect(Object.keys(textsOf('\0\0\0\0'))).not.toContain('nuls');
});

test('blocks are of sectors in small files, of pages in large ones', () => {
  const text = Array.from({ length: 100 }, (_, index) => `${index}`.padStart(99, '-')).join('\n');
  const small = textsOf(text.slice(0, 2000));
  expect(small.zeroed?.length).toBe(2000);
  expect(small.zeroed?.indexOf('\0')).toBe(512);
  expect(small.zeroed?.match(/\0+/g)).toEqual(['\0'.repeat(512)]);
  expect(small.misplaced).toBe(text.slice(0, 512) + text.slice(0, 512) + text.slice(1024, 2000));
  const large = textsOf(text);
  expect(large.zeroed?.match(/\0+/g)?.[0]?.length).toBe(4096);
  expect(large.misplaced?.slice(4096, 8192)).toBe(text.slice(0, 4096));
});

test('a flip changes one letter or digit to another one', () => {
  const text = '{"name":"value"}';
  const flipped = textsOf(text).flip ?? '';
  const changed = [...text].flatMap((char, at) => (char === flipped[at] ? [] : [`${char} ${flipped[at]}`]));
  expect(changed).toHaveLength(1);
  expect(changed[0]).toMatch(/^[0-9A-Za-z] [0-9A-Za-z]$/);
});

test('every damage of the list is made of some file', () => {
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, index])));
  expect(Object.keys(textsOf(text, '{}'))).toEqual(DAMAGES);
});
