import { describe, expect, test } from 'vitest';
import { githubSummary } from '../../harness/report/github-summary.ts';
import { markdownReport } from '../../harness/report/markdown.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

const KIB = 1024;
const bytesOf = (text: string): number => Buffer.byteLength(text);
const headings = (text: string): string[] => [...text.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
/** What is said to be left out. */
const leftOut = (text: string): string => /Left out.*?:\n(.*?)\n`{3}/s.exec(text)?.[1] ?? '';

test.each([failing, asExpected])('the markdown report, where it fits', (result) => {
  expect(githubSummary(result).trimEnd()).toBe(markdownReport(result).trimEnd());
});

describe('5,000 cells', () => {
  const FAILING_FROM = 96;
  const stores = Array.from({ length: 100 }, (_, index) => `store-${index}`);
  const result = resultOf(
    stores.flatMap((store, at) =>
      Array.from({ length: 50 }, (_, index) => ({
        store,
        scenario: `scenario-${index}`,
        runs: `o*${index + 9} E*1 n*150`,
        status: at >= FAILING_FROM ? ('broken' as const) : ('known-bug' as const),
      })),
    ),
  );
  const summary = githubSummary(result);

  test('fit, though the whole report does not', () => {
    expect(bytesOf(markdownReport(result))).toBeGreaterThan(1_024 * KIB);
    expect(bytesOf(summary)).toBeLessThan(900 * KIB);
    expect(bytesOf(summary)).toBeGreaterThan(700 * KIB);
  });

  test('details of stores are left out first, those that fail no claim before the others, and they are named', () => {
    const shown = headings(summary).filter((title) => title.startsWith('store-'));
    const missing = stores.filter((store) => !shown.includes(store));
    expect(missing.length).toBeGreaterThan(0);
    expect(shown.slice(-4)).toEqual(stores.slice(FAILING_FROM));
    expect(shown.slice(0, -4)).toEqual(stores.slice(0, shown.length - 4));
    expect(headings(summary)).toContain('process-kill');
    expect(leftOut(summary)).toMatch(/^ {2}details of stores: store-95, store-94, /);
    expect(leftOut(summary).match(/store-\d+/g)?.length).toBe(Math.min(20, missing.length));
    expect(leftOut(summary)).toContain(`and ${missing.length - 20} more`);
  });

  test('where the summary has something already, more is left out, of all kinds, and the causes last', () => {
    const little = githubSummary(result, 895 * KIB);
    expect(bytesOf(little)).toBeLessThan(5 * KIB);
    expect(little).toMatch(/^\n# Crash matrix\n/);
    for (const kind of ['details of stores', 'how to read it', 'matrices: process-kill', 'causes: '])
      expect(leftOut(little)).toContain(kind);
    expect(leftOut(summary)).not.toContain('causes');
  });
});

test('where there is no room for the head, nothing is added', () => {
  expect(githubSummary(failing, 900 * KIB)).toBe('');
});

test('names cannot break out of what is left out', () => {
  const parts = Array.from({ length: 3 }, (_, index) => ({ store: `a\`\`\`${index}`, scenario: 'replace', runs: 'o*1 E*1 n*1' }));
  const whole = bytesOf(githubSummary(resultOf(parts)));
  expect(githubSummary(resultOf(parts), 900 * KIB - whole)).toMatch(/^````text\nLeft out.*\n {2}details of stores: a```2\n````$/m);
});
