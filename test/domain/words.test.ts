import { expect, test } from 'vitest';
import { printable, quoted, withCommas } from '../../harness/domain/words.ts';

test.each([
  ['control characters', '\u001b[2Ja\u0000', '\\u{1b}[2Ja\\u{0}'],
  ['line breaks and tabs', 'a\n\tb\u2028', 'a\\n\\tb\\u{2028}'],
  ['what turns the direction of text', 'a\u202eb', 'a\\u{202e}b'],
  ['half a pair, which no file in UTF-8 can hold', 'a\ud800b', 'a\\u{d800}b'],
  ['but no whole one', 'é 日本 😀', 'é 日本 😀'],
])('printable escapes %s', (_, text, printed) => {
  expect(printable(text)).toBe(printed);
});

test.each([
  [0, '0'],
  [999, '999'],
  [1_204, '1,204'],
  [12_345_678, '12,345,678'],
  [1_204.5, '1,204.5'],
  [999.25, '999.25'],
])('withCommas writes %d as %s, as toLocaleString does', (count, written) => {
  expect([withCommas(count), count.toLocaleString('en-US')]).toEqual([written, written]);
});

test.each([
  ['data/f.json', 'data/f.json'],
  ['echo > data/f', `'echo > data/f'`],
  ["it's", `'it'\\''s'`],
  ["a\nb\tc'\\d", `$'a\\nb\\tc\\'\\\\d'`],
  ['\u001b\u0085', `$'\\x1b\\xc2\\x85'`],
  ['', `''`],
])('quoted makes one word of a shell, on one line: %j', (word, written) => {
  expect([quoted(word), printable(quoted(word))]).toEqual([written, written]);
});
