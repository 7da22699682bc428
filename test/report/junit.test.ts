import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import type { CellResult, Result } from '../../harness/domain/result.ts';
import { junitReport } from '../../harness/report/junit.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

interface Node {
  readonly name: string;
  readonly attributes: { readonly [name: string]: string };
  readonly children: Node[];
  text: string;
}

/** Throws where the report is not well-formed. */
function read(result: Result): Node {
  const top: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const node: Node = { name, attributes: attributes as { [name: string]: string }, children: [], text: '' };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(junitReport(result)).close();
  const [root = top] = top.children;
  return root;
}

const testsOf = (result: Result): Node[] => read(result).children.flatMap(({ children }) => children);
const testOf = (result: Result, classname: string): Node => {
  const found = testsOf(result).find(({ attributes }) => attributes.classname === classname);
  if (found === undefined) throw new Error(`no test ${classname}`);
  return found;
};
const only = (parts: Partial<CellResult>, runs = 'o*9 E*6 n*5'): Node =>
  testOf(resultOf([{ store: 'a', scenario: 'replace', runs, ...parts }]), 'a.replace');

test('a suite for each store, a test for each cell', () => {
  const root = read(failing);
  expect(root.name).toBe('testsuites');
  expect(root.children.map(({ attributes }) => attributes.name)).toEqual([...new Set(failing.cells.map(({ store }) => store))]);
  expect(testsOf(failing).map(({ attributes: { classname, name } }) => `${classname} ${name}`)).toEqual(
    failing.cells.map(({ store, scenario, model }) => `${store}.${scenario} ${model}`),
  );
  expect(only({ model: 'power-loss', profile: 'xfs' }).attributes.name).toBe('power-loss:xfs');
});

test('counts are those of the tests, suite by suite and in all', () => {
  const root = read(failing);
  const count = (node: Node, name: string): number =>
    node.children.reduce((sum, child) => sum + count(child, name), Number(node.name === name));
  for (const node of [root, ...root.children])
    expect(node.attributes).toMatchObject({
      tests: String(count(node, 'testcase')),
      failures: String(count(node, 'failure')),
      errors: String(count(node, 'error')),
      skipped: String(count(node, 'skipped')),
    });
  expect(root.attributes).toMatchObject({ tests: '17', failures: '3', errors: '1', skipped: '0', time: '48.213' });
});

test('times are in seconds', () => {
  expect(only({ durationMs: 1234.5 }).attributes.time).toMatch(/^1\.23[45]$/);
});

describe('a test', () => {
  test('fails with the grade, the cause and its line, and shows a case that can be replayed', () => {
    const { attributes, children } = testOf(failing, 'planted.replace');
    const [failure] = children;
    expect(failure?.name).toBe('failure');
    expect(failure?.attributes.message).toMatch(
      /^lossy: empty: src\/strategies\/planted\.ts:\d+ moves the only good copy away .*\(and \d+ more causes?\)$/,
    );
    expect(attributes.file).toBe('src/strategies/planted.ts');
    expect(failure?.attributes.message).toContain(`planted.ts:${attributes.line} `);
    expect(failure?.text).toContain('crash-matrix replay planted/replace/process-kill@9');
    expect(failure?.text).toContain('the same at');
  });

  test('fails where a known bug was missed', () => {
    const [failure] = testOf(failing, 'mended.replace').children;
    expect(failure?.name).toBe('failure');
    expect(failure?.attributes.message).toContain('known bug missed: known to be lossy here, but found durable');
    expect(failure?.text).toContain('take it out of the knownBugs');
  });

  test('is an error where nothing was measured, with the reason', () => {
    const [error] = testOf(failing, 'idle.replace').children;
    expect(error?.name).toBe('error');
    expect(error?.attributes.message).toBe('the store never touched its directory');
  });

  test('is skipped where nothing was measured and the run does not fail for it', () => {
    const { children } = only({ grade: 'inconclusive', status: 'shown', reason: 'mmap was not measured' }, '');
    expect(children.map(({ name, attributes }) => [name, attributes.message])).toEqual([['skipped', 'mmap was not measured']]);
  });

  test.each<[CellResult['status'], RegExp | undefined]>([
    ['kept', undefined],
    ['unbroken', /^no loss found/],
    ['shown', /^lossy: empty: only shown/],
    ['known-bug', /^lossy: empty: a known bug/],
  ])('passes where the cell is %s', (status, words) => {
    const { children } = only({ status });
    expect(children.filter(({ name }) => name !== 'system-out')).toEqual([]);
    if (words === undefined) expect(children).toEqual([]);
    else expect(children[0]?.text).toMatch(words);
  });

  test('shows a few cases, and names what else there is', () => {
    const [failure] = only({ status: 'broken' }, 'E*1 U*1 B*1 M*1 S*2 n*1').children;
    expect(failure?.text.match(/crash-matrix replay/g)).toHaveLength(3);
    expect(failure?.text).toMatch(/not shown here: \w+ \(\d cases?\), \w+ \(\d cases?\)$/);
  });
});

test('a run as expected has no failure', () => {
  expect(read(asExpected).attributes).toMatchObject({ failures: '0', errors: '0', skipped: '0' });
});

test('whatever bytes a store puts into its texts, the report can be read', () => {
  const nasty = 'a ]]> b ]]> <c & "d" \u0000\u001b[2J\ud800 \uffff\n::error::x';
  const result = resultOf([
    { store: 'a', scenario: 'replace', runs: 'o*1 E*1 n*1', status: 'broken' },
    { store: nasty, scenario: nasty, runs: '', status: 'broken', grade: 'inconclusive', reason: nasty },
  ]);
  const root = read({
    ...result,
    cases: result.cases.map((one) => ({ ...one, found: nasty, promised: nasty })),
    causes: result.causes.map((cause) => ({ ...cause, says: nasty })),
  });
  expect(root.children).toHaveLength(2);
  expect(root.children[0]?.children[0]?.children[0]?.attributes.message).toContain('a ]]> b ]]> <c & "d" \\u{0}\\u{1b}[2J\\u{d800} ');
});
