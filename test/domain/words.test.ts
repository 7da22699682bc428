import { expect, test } from 'vitest';
import { printable } from '../../harness/domain/words.ts';

test.each([
  ['control characters', '\u001b[2Ja\u0000', '\\u{1b}[2Ja\\u{0}'],
  ['line breaks and tabs', 'a\n\tb\u2028', 'a\\n\\tb\\u{2028}'],
  ['what turns the direction of text', 'a\u202eb', 'a\\u{202e}b'],
  ['half a pair, which no file in UTF-8 can hold', 'a\ud800b', 'a\\u{d800}b'],
  ['but no whole one', 'é 日本 😀', 'é 日本 😀'],
])('printable escapes %s', (_, text, printed) => {
  expect(printable(text)).toBe(printed);
});
