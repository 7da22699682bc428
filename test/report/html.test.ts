import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { cellName } from '../../harness/domain/case-id.ts';
import type { Result, SiteLine } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { filledPage } from '../../harness/report/html.ts';
import { chunkId, HEAD_ID, type PageCase, type PageHead, type Part } from '../../harness/report/page/data.ts';
import { asExpected, failing, resultOf } from './fixture.ts';
import { manyCases } from './many-cases.ts';

const SHELL = '<p>before</p><!-- head --><p>between</p><!-- cases --><p>after</p>';

interface Unpacked {
  readonly head: PageHead;
  readonly chunks: readonly (readonly PageCase[])[];
  /** Characters of each chunk, unpacked. */
  readonly sizes: readonly number[];
  /** The page without its data. */
  readonly rest: string;
}

function unpacked(page: string): Unpacked {
  const texts = new Map<string, string>();
  const rest = page.replaceAll(/<script type="[^"]*" id="([^"]*)">([^<]*)<\/script>/g, (_, id: string, data: string) => {
    texts.set(id, gunzipSync(Buffer.from(data, 'base64')).toString());
    return `[${id}]`;
  });
  const chunks = Array.from({ length: texts.size - 1 }, (_, chunk) => texts.get(chunkId(chunk)) ?? '');
  return {
    head: JSON.parse(texts.get(HEAD_ID) ?? '') as PageHead,
    chunks: chunks.map((text) => JSON.parse(text) as PageCase[]),
    sizes: chunks.map(({ length }) => length),
    rest,
  };
}

const casesIn = ({ chunks }: Unpacked, parts: readonly Part[]): PageCase[] =>
  parts.flatMap(({ chunk, from, count }) => chunks[chunk]?.slice(from, from + count) ?? []);

const withoutCause = ({ cause: _, ...one }: PageCase): object => one;

describe.each<[string, Result]>([
  ['a run that fails', failing],
  ['a run as expected', asExpected],
  ['no cells', { ...failing, cells: [], cases: [], causes: [] }],
  ['no cases', { ...failing, cases: [], causes: [] }],
  ['30,000 cases', manyCases(30_000)],
])('%s', (_, result) => {
  const page = filledPage(SHELL, result);
  const read = unpacked(page);

  test('each case is in the parts of its cell, in the order of the run', () => {
    expect(read.head.cells.map(({ id }) => id)).toEqual(result.cells.map(cellName));
    const inCells = new Map(read.head.cells.map(({ id, bad, held }) => [id, { bad: casesIn(read, bad), held: casesIn(read, held) }]));
    const wanted = new Map(read.head.cells.map(({ id }) => [id, { bad: [] as object[], held: [] as object[] }]));
    for (const one of result.cases) wanted.get(one.id.slice(0, one.id.indexOf('@')))?.[one.violation ? 'bad' : 'held'].push(one);
    for (const [id, { bad, held }] of inCells) expect({ bad: bad.map(withoutCause), held: held.map(withoutCause) }).toEqual(wanted.get(id));
  });

  test('the head comes before what stands between, the chunks after it', () => {
    const chunks = read.chunks.map((_, chunk) => `[${chunkId(chunk)}]`).join('\n');
    expect(read.rest).toBe(`<p>before</p>[${HEAD_ID}]<p>between</p>${chunks}<p>after</p>`);
  });

  test('it is the same each time', () => {
    expect(filledPage(SHELL, result) === page).toBe(true);
  });
});

test('a case that took its line from another one has the cause of that one, not of its neighbour', () => {
  const parts = { store: 'notes', runs: 'o*1 E*1 n*1', status: 'broken' } as const;
  const made = resultOf(['replace', 'reset'].map((scenario) => ({ ...parts, scenario })));
  const at = (line: number): SiteLine => ({ file: 'notes.ts', line, column: 1, source: `line ${line}` });
  const blames = [
    { mechanism: 'written-in-place', op: 'open a', site: at(4) },
    { mechanism: 'removed', op: 'unlink a', site: at(5) },
    { mechanism: 'written-in-place', op: 'write a' },
  ] as const;
  const [first, second] = made.cases;
  if (first === undefined || second === undefined) throw new Error('there are cases');
  // Two causes show in the second cell.
  const cases = [first, second, second].map((one, index) => ({
    ...one,
    after: { index: 2, text: 'write a', site: at(4) },
    blame: blames[index] ?? blames[0],
  }));
  const read = unpacked(filledPage(SHELL, { ...made, cases, causes: causesOf(made.cells, cases) }));
  const saysOf = read.head.causes.map(({ says }) => says);
  expect(read.chunks.flat().map(({ cause }) => saysOf[cause ?? -1]?.slice(0, 10))).toEqual(['notes.ts:4', 'notes.ts:5', 'notes.ts:4']);
});

test('chunks are about a megabyte, and small cells share one', () => {
  const many = unpacked(filledPage(SHELL, manyCases(10_000)));
  expect(Math.max(...many.sizes)).toBeLessThan(1_010_000);
  expect(Math.min(...many.sizes.slice(0, -1))).toBeGreaterThan(990_000);
  expect(many.chunks.length).toBeLessThan(20);
  expect(unpacked(filledPage(SHELL, failing)).chunks.length).toBe(1);
});

test('a case takes about a hundred characters of the page', () => {
  const [some, more] = [5_000, 15_000].map((count) => filledPage(SHELL, manyCases(count)).length) as [number, number];
  expect((more - some) / 10_000).toBeLessThan(120);
});

test('each violation has the cause that counts it', () => {
  const { head, chunks } = unpacked(filledPage(SHELL, failing));
  const counts = head.causes.map((_, place) => chunks.flat().filter(({ cause }) => cause === place).length);
  expect(counts).toEqual(failing.causes.map(({ cases }) => cases));
  expect(head.causes.map(({ plainest }) => plainest?.id)).toEqual(failing.causes.map(({ shortest }) => shortest));
});

const HOSTILE = `</script><!-- cases --><img src=x onerror=alert(1)>$&"'`;

test('data cannot leave its element', () => {
  const [cell, one] = [failing.cells[0], failing.cases[0]];
  if (cell === undefined || one === undefined) throw new Error('the fixture is empty');
  const id = `${HOSTILE}/${cell.scenario}/${cell.model}@1`;
  const hostile = { ...one, id, found: HOSTILE, onDisk: [{ path: HOSTILE }], replay: HOSTILE };
  const read = unpacked(filledPage(SHELL, { ...failing, cells: [{ ...cell, store: HOSTILE }], cases: [hostile], causes: [] }));
  expect(read.rest).toBe(`<p>before</p>[${HEAD_ID}]<p>between</p>[${chunkId(0)}]<p>after</p>`);
  expect(read.chunks).toEqual([[hostile]]);
});

test.each(['no places', '<!-- head -->', '<!-- head --><!-- cases --><!-- cases -->'])(
  'a page with other places is refused: %s',
  (shell) => {
    expect(() => filledPage(shell, failing)).toThrow(/no places/);
  },
);
