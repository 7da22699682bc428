import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { alikeNames, canonicalName, canonicalPath, learnName } from '../../harness/domain/names.ts';
import type { NameRule } from '../../harness/domain/trace.ts';
import { draws } from '../lab/depth.ts';

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
    // The digits of one part are not the end of the part before it.
    ['2026-11-22T08-07-06-123.tmp', '<time>.tmp'],
    ['2026-11-22T08-07-06-12ab.tmp', '<time>-12ab.tmp'],
    [`2026-11-22T08-07-06-${UUID}`, '<time>-<uuid>'],
    // The longest wins: these digits within a hash are a time by themselves.
    ['x.lock.7b9001f94a40b4655cbc3af908e36ae1732264512345bd2db7ea24ef453f1615.claim', 'x.lock.<hash>.claim'],
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

const digit = fc.constantFrom(...'0123456789');
const hexDigit = fc.oneof({ weight: 9, arbitrary: digit }, { weight: 1, arbitrary: fc.constantFrom(...'abcdefABCDEF') });
const hex = (length: number): fc.Arbitrary<string> => {
  const time = fc.tuple(fc.nat(length - 13), fc.stringMatching(/^1[0-9]{12}$/));
  const plain = fc.string({ unit: hexDigit, minLength: length, maxLength: length });
  return fc.oneof(
    plain,
    fc.tuple(plain, time).map(([text, [at, digits]]) => `${text.slice(0, at)}${digits}${text.slice(at + 13)}`),
  );
};
const date = fc.date({ min: new Date('2001-10-01'), max: new Date('2033-05-01'), noInvalidDate: true });

/** What a store may make up for a part of a name, mostly digits, and how it is written in reports. */
const PARTS: readonly (readonly [written: string, made: fc.Arbitrary<string>])[] = [
  ...[40, 64, 96, 128].map((length) => ['<hash>', hex(length)] as const),
  ['<uuid>', fc.uuid()],
  ['<uuid>', hex(32).map((digits) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))],
  ['<time>', date.map((time) => String(time.getTime()))],
  ['<time>', date.map((time) => time.toISOString())],
  ['<time>', date.map((time) => time.toISOString().replace(/[:.]/g, '-'))],
  ['<time>', date.map((time) => time.toISOString().slice(0, 19).replace('T', '_'))],
];
const part = fc.nat(PARTS.length - 1).chain((index) => {
  const [written, made] = PARTS[index] ?? ['', fc.constant('')];
  return fc.tuple(fc.constant(written), made);
});

law.prop([fc.array(fc.tuple(part, fc.constantFrom('.', '-', '_')), { minLength: 1, maxLength: 4 })], { numRuns: draws(2000) })(
  'a name made up of such parts is written the same way, whatever the digits are',
  (parts) => {
    const name = (which: 0 | 1): string => `sessions.json${parts.map(([made, separator]) => `${separator}${made[which]}`).join('')}.tmp`;
    expect(canonicalName(name(1), [])).toBe(name(0));
  },
);

law.prop([hex(20), fc.stringMatching(/^[a-f]{20}$/), hex(20)], { numRuns: draws(3000) })(
  'random digits that look like a time are still random',
  (one, other, further) => {
    fc.pre(one !== other && /[a-f]/i.test(one) && /[a-f]/i.test(further));
    const rule = learnName(`a.${one}.tmp`, `a.${other}.tmp`);
    expect(rule).toMatchObject({ prefix: 'a.', suffix: '.tmp' });
    for (const random of [one, further]) expect(canonicalName(`a.${random}.tmp`, rule === undefined ? [] : [rule])).toBe('a.<random>.tmp');
  },
);

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
    // Where a fixed word ends and a random one begins cannot be listed.
    ['tmpAbC123', 'tmpXyZ789', { prefix: '', suffix: '', charset: 'word', except: [] }],
    ['temp-V1StGXR8_Z5jdHi6', 'temp-aZ09-kLmNo_pQrSt', { prefix: 'temp-', suffix: '', charset: 'word', except: [] }],
    ['a.', 'a.1', undefined],
    // A process id and a random word.
    [
      '.a.json.812.x1f.tmp',
      '.a.json.4711.9ab.tmp',
      { prefix: '.a.json.', suffix: '.tmp', charset: 'digits', further: [{ after: '.', charset: 'word' }], except: [] },
    ],
    [
      '12~same~1f~<x>~7',
      '13~same~22~<x>~8',
      {
        prefix: '',
        suffix: '',
        charset: 'digits',
        further: [
          { after: '~same~', charset: 'hex' },
          { after: '~<x>~', charset: 'digits' },
        ],
        except: [],
      },
    ],
    ['a.812.+.tmp', 'a.813.=.tmp', undefined],
    ['a.1.2', 'a.3+4', undefined],
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

test('a name with two parts that vary is known in further runs, and one with other words between is not', () => {
  const rule = learnName('.a.812.x1f.tmp', '.a.4711.9ab.tmp');
  const rules = rule === undefined ? [] : [rule];
  expect(canonicalName('.a.99.zzz.tmp', rules)).toBe('.a.<random>.<random>.tmp');
  expect(canonicalName('.a.99.zzz.1.tmp', rules)).toBe('.a.99.zzz.1.tmp');
  expect(canonicalName('.a.b.zzz.tmp', rules)).toBe('.a.b.zzz.tmp');
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
