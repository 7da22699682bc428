import { fc, test as law } from '@fast-check/vitest';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { characters, element } from '../../harness/report/xml.ts';
import { draws } from '../lab/depth.ts';

/** What a strict reader makes of it. Throws where it is not well-formed. */
function read(xml: string): { readonly attribute: string; readonly text: string } {
  const [attributes, texts]: [string[], string[]] = [[], []];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => attributes.push(String(tag.attributes.a)));
  parser.on('text', (text) => texts.push(text));
  parser.write(xml).close();
  return { attribute: attributes.join(), text: texts.join('') };
}

const written = (text: string): string => element('e', { a: text, none: undefined }, [characters(text)]);

test.each([
  ['what ends a section, twice', 'a ]]> b ]]> c'],
  ['markup', `<a b="c">&amp;'</a>`],
  ['white space', ' a\n\tb\r\nc '],
  ['other scripts', 'é 日本 😀'],
])('%s comes back as it was', (_, text) => {
  expect(read(written(text))).toEqual({ attribute: text, text });
});

test.each([
  ['control characters', 'a\u0000b\u001b[2Jc', 'a\\u{0}b\\u{1b}[2Jc'],
  ['half a pair', 'a\ud800b\udc00c', 'a\\u{d800}b\\u{dc00}c'],
  ['what is no character', '\ufffe\uffff', '\\u{fffe}\\u{ffff}'],
  ['discouraged control characters', '\u007f\u0085', '\\u{7f}\\u{85}'],
])('%s are shown, and nothing beside them is lost', (_, text, shown) => {
  expect(read(written(text))).toEqual({ attribute: shown, text: shown });
});

law.prop([fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })], { numRuns: draws(500) })(
  'whatever a text is, it can be read',
  (text) => {
    const { attribute, text: content } = read(written(text));
    expect(attribute).toBe(content);
  },
);

test('an attribute that is undefined is left out', () => {
  expect(written('x')).toBe('<e a="x">x</e>');
  expect(element('e', {})).toBe('<e/>');
});
