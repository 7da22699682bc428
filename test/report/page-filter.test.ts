import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { PageCell } from '../../harness/report/page/data.ts';
import { isEmpty, matchesCase, matchesCause, matchesCell, parseFilter } from '../../harness/report/page/filter.ts';
import { type Link, linkText, parseLink } from '../../harness/report/page/link.ts';
import { pageData } from '../../harness/report/page-data.ts';
import { failing } from './fixture.ts';

const head = pageData(failing, { addChunk: () => {}, addEvidence: () => {} });
const causesIn = ({ id }: PageCell) => head.causes.filter(({ cells }) => cells.includes(id));
const shown = (text: string): string[] =>
  head.cells.filter((cell) => matchesCell(parseFilter(text), cell, causesIn(cell))).map(({ id }) => id.replace('/process-kill', ''));

describe('the filter', () => {
  test.each([
    ['store:planted', ['planted/replace', 'planted/rotate-often']],
    ['STORE:Plan scenario:replace', ['planted/replace']],
    ['store:planted store:idle scenario:replace', ['planted/replace', 'idle/replace']],
    ['outcome:blocked', ['planted/replace']],
    ['status:missed', ['mended/replace']],
    ['status:broken outcome:empty', ['planted/replace', 'planted/rotate-often']],
    ['cause:planted.ts:15', ['planted/replace']],
    ['mmap', ['planted/rotate-often']],
    ['"never touched"', ['idle/replace']],
    ['never planted', []],
    ['model:process-kill store:idle', ['idle/replace']],
    ['model:other', []],
    ['src/x.ts:7', []],
  ])('%s', (text, expected) => {
    expect(shown(text)).toEqual(expected);
  });

  test('of nothing shows all', () => {
    expect(isEmpty(parseFilter('  '))).toBe(true);
    expect(shown('').length).toBe(failing.cells.length);
  });

  test('shows the causes that show in a cell', () => {
    const inCells = (text: string): string[] =>
      head.causes
        .filter((cause) => {
          const some = head.cells.filter(({ id }) => cause.cells.includes(id));
          return matchesCause(parseFilter(text), cause, some);
        })
        .map(({ store }) => store);
    expect(new Set(inCells('store:in-place'))).toEqual(new Set(['in-place']));
    expect(new Set(inCells('status:known'))).toEqual(new Set(['rename-away', 'in-place', 'recover-when-empty']));
    expect(inCells('outcome:blocked')).toEqual(['planted']);
  });

  test('looks into cases', () => {
    const cell = head.cells.find(({ id }) => id === 'planted/replace/process-kill');
    if (cell === undefined) throw new Error('the fixture has changed');
    const listed = (text: string): string[] =>
      failing.cases
        .filter(({ id }) => id.startsWith(cell.id))
        .filter((one) => matchesCase(parseFilter(text), one, cell, head.causes))
        .map(({ outcome }) => outcome);
    expect(listed('')).toEqual(['empty', 'empty', 'blocked']);
    expect(listed('outcome:blocked')).toEqual(['blocked']);
    expect(listed('EEXIST')).toEqual(['blocked']);
    expect(listed('planted lossy')).toEqual(['empty', 'empty', 'blocked']);
  });
});

describe('an address', () => {
  test('can be read by people', () => {
    expect(linkText({ filter: 'outcome:empty', open: { kind: 'case', id: 'a/b/power-loss:xfs@27~lost=24' } })).toBe(
      '#case=a/b/power-loss:xfs@27~lost=24&filter=outcome:empty',
    );
  });

  const kind = fc.constantFrom<'cell' | 'case' | 'cause'>('cell', 'case', 'cause');
  const link = fc.record({ filter: fc.string({ unit: 'binary' }) }).chain(
    ({ filter }): fc.Arbitrary<Link> =>
      fc.option(fc.record({ kind, id: fc.string({ unit: 'binary' }) }), { nil: undefined }).map((open) => ({
        filter,
        ...(open && { open }),
      })),
  );
  law.prop([link])('survives', (one) => {
    expect(parseLink(linkText(one))).toEqual(one);
    expect(linkText(one)).toMatch(/^#[^#<>"\s]*$/);
  });
});
