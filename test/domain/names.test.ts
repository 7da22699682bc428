import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { alikeNames, canonicalName, canonicalPath, learnName } from '../../harness/domain/names.ts';
import type { NameRule } from '../../harness/domain/trace.ts';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('what varies in a name is written out', () => {
  test.each([
    ['sessions.json', 'sessions.json'],
    [`sessions.json.${UUID}.tmp`, 'sessions.json.<uuid>.tmp'],
    [UUID.toUpperCase(), '<uuid>'],
    ['sessions.json.bak.1732264512345', 'sessions.json.bak.<time>'],
    ['1732264512345-1732264512346', '<time>-<time>'],
    ['x.deleted.2026-11-22T08:07:06.123Z', 'x.deleted.<time>'],
    ['x.deleted.2026-11-22T08-07-06.123Z', 'x.deleted.<time>'],
    ['x.2026-11-22_08-07-06', 'x.<time>'],
    // What is no time stays.
    ['x.2026-11-22', 'x.2026-11-22'],
    ['17322645123456', '17322645123456'],
    ['2732264512345', '2732264512345'],
    ['173226451234', '173226451234'],
    ['0f8fad5b-d9cb-469f-a165', '0f8fad5b-d9cb-469f-a165'],
  ])('%s -> %s', (name, canonical) => {
    expect(canonicalName(name, [])).toBe(canonical);
  });

  const rule: NameRule = { prefix: 'live.', suffix: '.tmp', charset: 'hex', except: ['live.beef.tmp'] };
  test.each([
    ['live.0a1b.tmp', 'live.<random>.tmp'],
    ['live.beef.tmp', 'live.beef.tmp'],
    ['live..tmp', 'live..tmp'],
    ['live.tmp', 'live.tmp'],
    ['live.xyz.tmp', 'live.xyz.tmp'],
    ['live.0a.1b.tmp', 'live.0a.1b.tmp'],
    ['live.0a1b.tmp2', 'live.0a1b.tmp2'],
    [`live.${UUID}.tmp`, 'live.<uuid>.tmp'],
  ])('by a rule that was learnt: %s -> %s', (name, canonical) => {
    expect(canonicalName(name, [rule])).toBe(canonical);
  });

  test('in every part of a path', () => {
    expect(canonicalPath(`1732264512345/live.0a.tmp/${UUID}/x`, [rule])).toBe('<time>/live.<random>.tmp/<uuid>/x');
  });
});

describe('two names of one file teach', () => {
  test.each<[string, string, NameRule | undefined]>([
    ['same', 'same', undefined],
    [`a.${UUID}`, `a.${UUID.replaceAll('0', '1')}`, undefined],
    ['a.1732264512345', 'a.1732264519999', undefined],
    ['lock.12', 'lock.3456', { prefix: 'lock.', suffix: '', charset: 'digits', except: [] }],
    ['a.1f.tmp', 'a.22.tmp', { prefix: 'a.', suffix: '.tmp', charset: 'hex', except: [] }],
    ['a.1g.tmp', 'a.22.tmp', { prefix: 'a.', suffix: '.tmp', charset: 'word', except: [] }],
    // What happens to be alike at either end of a random word is part of it.
    ['a.12ab9.tmp', 'a.12cd9.tmp', { prefix: 'a.', suffix: '.tmp', charset: 'hex', except: [] }],
    ['.a.json.4242-1x', '.a.json.4242-2x', { prefix: '.a.json.4242-', suffix: '', charset: 'word', except: [] }],
    ['1732264512345.77.tmp', '1732264519999.78.tmp', { prefix: '<time>.', suffix: '.tmp', charset: 'digits', except: [] }],
    ['a.b+c', 'a.d.c', undefined],
    // Where a fixed word ends and a random one begins cannot be told.
    ['tmpAbC123', 'tmpXyZ789', { prefix: '', suffix: '', charset: 'word', except: [] }],
    ['temp-V1StGXR8_Z5jdHi6', 'temp-aZ09-kLmNo_pQrSt', { prefix: 'temp-', suffix: '', charset: 'word', except: [] }],
    ['a.', 'a.1', undefined],
  ])('%s and %s', (one, other, rule) => {
    expect(learnName(one, other)).toEqual(rule);
    expect(learnName(other, one)).toEqual(rule);
  });

  const edge = fc.string({ unit: fc.constantFrom(...'ab.-_z <>ä'), maxLength: 8 });
  const CHARSETS = { digits: '0123456789', hex: '0123456789abcdef', word: '0123456789ABCDEFabcdefghijklmnopqrstuvwxyz' } as const;
  law.prop([
    edge,
    edge,
    fc.constantFrom(...(['digits', 'hex', 'word'] as const)),
    fc.infiniteStream(fc.nat()),
    fc.integer({ min: 2, max: 5 }),
  ])('a rule that holds for both, and for further ones', (before, after, charset, numbers, length) => {
    const letters = CHARSETS[charset];
    // The last letter of the charset in each, so that a few samples show all of it; and never three letters in a row.
    const name = (): string => {
      const pick = (from: string): string => from[Number(numbers.next().value) % from.length] ?? '0';
      const random = Array.from({ length }, (_, index) => pick(index % 2 === 0 ? CHARSETS.digits : letters)).join('');
      return `${before}${random}${letters.at(-1)}${random}${after}`;
    };
    const [one, other, ...further] = [name(), name(), name(), name()];
    fc.pre(one !== other && !/[a-z]$/.test(before));
    const rule = learnName(one, other);
    expect(rule).toBeDefined();
    const rules = rule === undefined ? [] : [rule];
    const canonical = canonicalName(one, rules);
    expect(canonical).toContain('<random>');
    for (const name of [other, ...further]) expect(canonicalName(name, rules)).toBe(canonical);
  });
});

test('a random part that begins alike in two runs', () => {
  const rule = learnName('tmpAbC123', 'tmpAyZ789');
  expect(canonicalName('tmpBcD456', rule === undefined ? [] : [rule])).toContain('<random>');
});

describe('a first guess', () => {
  test.each([
    ['a.1b.tmp', 'a.2c.tmp', true],
    ['a.1b.tmp', 'a.2c', false],
    ['dir/a.1', 'dir/a.22', true],
    ['dir/a', 'dir.a', false],
  ])('%s and %s may be one file: %s', (one, other, alike) => {
    expect(alikeNames(one, other)).toBe(alike);
  });
});
