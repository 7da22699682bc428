/**
 * The result as JUnit XML: a suite for each store, a test for each cell, so that a CI shows and counts them as it does tests.
 *
 * failure  a claim is broken, or a known bug was missed
 * error    nothing can be said, and the run fails for it
 * skipped  nothing can be said, where the store is held to nothing: no pass, and no reason to stop
 * passed   all else, with a word in `system-out` where a loss was found or too little was tried
 *
 * Most readers know the elements and attributes of https://github.com/testmoapp/junitxml, among them `file` and `line`.
 */
import { cellName } from '../domain/case-id.ts';
import { failsRun } from '../domain/grade.ts';
import { groupedByEach } from '../domain/grouped.ts';
import { modelName } from '../domain/model-names.ts';
import type { Cause, CellResult, Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { type Failure, failuresByCell, moreOf } from './cases.ts';
import { NO_COLORS } from './colors.ts';
import { failureBlock } from './failure.ts';
import { gradeWords } from './grades.ts';
import { unprovenBlock, unprovenReason } from './unproven.ts';
import { characters, element } from './xml.ts';

/** Cases that are shown of a cell; of more, the number is. */
const MOST_CASES = 3;

export function junitReport(result: Result): string {
  const { cells } = result;
  const failures = failuresByCell(result);
  const causes = groupedByEach(result.causes, ({ cells }) => cells);
  const suites = [...new Set(cells.map(({ store }) => store))].map((store) => {
    const ofStore = cells.filter((cell) => cell.store === store);
    const durationMs = ofStore.reduce((sum, cell) => sum + cell.durationMs, 0);
    const tests = ofStore.map((cell) => testCase(cell, failures.get(cell) ?? [], causes.get(cellName(cell)) ?? []));
    return element('testsuite', { name: store, ...counts(ofStore), time: seconds(durationMs) }, lines(tests));
  });
  const all = { name: 'crash-matrix', ...counts(cells), time: seconds(result.durationMs) };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', all, lines(suites))}\n`;
}

const lines = (elements: readonly string[]): string[] => elements.flatMap((one) => ['\n', one]).concat(elements.length === 0 ? [] : '\n');
const seconds = (ms: number): string => (ms / 1000).toFixed(3);

type Verdict = 'failure' | 'error' | 'skipped' | 'passed';

function verdictOf(cell: CellResult): Verdict {
  if (cell.grade === 'inconclusive') return failsRun(cell) ? 'error' : 'skipped';
  return failsRun(cell) ? 'failure' : 'passed';
}

function counts(cells: readonly CellResult[]): { readonly [attribute: string]: number } {
  const verdicts = cells.map(verdictOf);
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  return { tests: cells.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') };
}

function testCase(cell: CellResult, failures: readonly Failure[], causes: readonly Cause[]): string {
  const site = causes.find((cause) => cause.site !== undefined)?.site;
  const attributes = {
    classname: `${cell.store}.${cell.scenario}`,
    name: modelName(cell),
    time: seconds(cell.durationMs),
    file: site?.file,
    line: site?.line,
  };
  return element('testcase', attributes, verdictElements(cell, failures, causes));
}

function verdictElements(cell: CellResult, failures: readonly Failure[], causes: readonly Cause[]): string[] {
  const verdict = verdictOf(cell);
  switch (verdict) {
    case 'failure':
      return [element('failure', { message: message(cell, causes), type: cell.status }, [characters(details(cell, failures))])];
    case 'error':
      return [element('error', { message: printable(unprovenReason(cell)), type: cell.grade }, [characters(details(cell, failures))])];
    case 'skipped':
      return [element('skipped', { message: printable(unprovenReason(cell)) })];
    case 'passed': {
      const words = passedWords(cell);
      return words === undefined ? [] : [element('system-out', {}, [characters(words)])];
    }
    default:
      return verdict satisfies never;
  }
}

/** `lossy: empty: src/a.ts:18 writes over … (and 1 more cause)` */
function message(cell: CellResult, causes: readonly Cause[]): string {
  const [first, ...others] = causes;
  const missed = cell.status === 'missed-bug' ? [unprovenReason(cell)] : [];
  const says = first === undefined ? [] : [first.says + (others.length === 0 ? '' : ` (and ${counted(others.length, 'more cause')})`)];
  return printable([gradeWords(cell), ...missed, ...says].join(': '));
}

function details(cell: CellResult, failures: readonly Failure[]): string {
  const shown = failures.slice(0, MOST_CASES);
  const left = failures.slice(MOST_CASES).map(({ first, boundaries }) => `${first.outcome} (${counted(boundaries, 'case')})`);
  const isUnproven = cell.status === 'missed-bug' || cell.grade === 'inconclusive';
  return [
    ...(isUnproven ? [unprovenBlock([cell], NO_COLORS)] : []),
    ...shown.map((failure) => failureBlock(cell, failure.first, NO_COLORS, { more: moreOf(failure) })),
    ...(left.length === 0 ? [] : [`not shown here: ${left.join(', ')}`]),
  ].join('\n\n');
}

function passedWords(cell: CellResult): string | undefined {
  switch (cell.status) {
    case 'kept':
      return undefined;
    case 'unbroken':
      return 'no loss found, by an effort too small to say that the claim is kept';
    case 'shown':
      return `${gradeWords(cell)}: only shown, the store is not held to its claim here`;
    case 'known-bug':
      return `${gradeWords(cell)}: a known bug, found as expected`;
    case 'broken':
    case 'missed-bug':
      throw new Error(`a cell that is ${cell.status} does not pass`);
    default:
      return cell.status satisfies never;
  }
}
