/**
 * A result as the page wants it: a head with everything but the cases, and the cases in chunks, so that a page opens as fast with a million
 * cases as with ten.
 */
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { provesAll } from '../domain/effort.ts';
import { modelName } from '../domain/model-names.ts';
import type { CaseResult, CellResult, Result } from '../domain/result.ts';
import { failsGate } from '../explain/baseline.ts';
import { explainedIn } from '../explain/causes.ts';
import { modelNamed } from '../models/all.ts';
import { reachWords } from './causes.ts';
import { NO_COLORS } from './colors.ts';
import { gradeWords } from './grades.ts';
import type { PageCase, PageCause, PageCell, PageHead, Part } from './page/data.ts';
import { packEvidence } from './page-evidence.ts';
import { runWords, summaryWords, verdictLine } from './summary.ts';

/** Characters of a chunk from which the next one begins: unpacked in a few hundredths of a second. */
const CHUNK_CHARACTERS = 1_000_000;

/** Each is given JSON, in the order of the numbers. */
interface Adders {
  readonly addChunk: (cases: string) => void;
  readonly addEvidence: (evidence: string) => void;
}

/** Returns the head. */
export function pageData(result: Result, { addChunk, addEvidence }: Adders): PageHead {
  const ofCells = new Map<string, { readonly bad: CaseResult[]; readonly held: CaseResult[] }>(
    result.cells.map((cell) => [cellName(cell), { bad: [], held: [] }]),
  );
  const plainest = new Map(result.causes.map(({ shortest }): [string, CaseResult | undefined] => [shortest, undefined]));
  for (const one of result.cases) {
    if (plainest.has(one.id)) plainest.set(one.id, one);
    ofCells.get(cellNameIn(one.id))?.[one.violation ? 'bad' : 'held'].push(one);
  }
  const ofCase = causeFinder(result);
  const packer = openPacker(addChunk);
  const placed = result.cells.map((cell) => {
    const { bad = [], held = [] } = ofCells.get(cellName(cell)) ?? {};
    return { cell, bad: packer.add(bad.map(ofCase)), held: packer.add(held.map(ofCase)) };
  });
  packer.close();
  const evidenceOf = packEvidence(result, addEvidence);
  return {
    run: runWords(result),
    summary: summaryWords(result),
    verdict: { words: verdictLine(result, NO_COLORS), tone: toneOf(result) },
    causes: result.causes.map((cause): PageCause => {
      const example = plainest.get(cause.shortest);
      return { ...cause, reach: reachWords(cause, result.cells), ...(example && { plainest: example }) };
    }),
    cells: placed.map(({ cell, bad, held }) => ({ ...pageCell(cell, bad, held), ...evidenceOf(cell) })),
    files: Object.keys(result.evidence?.sources ?? {}),
  };
}

function pageCell(cell: CellResult, bad: readonly Part[], held: readonly Part[]): PageCell {
  return {
    ...cell,
    id: cellName(cell),
    variant: modelName(cell),
    crashed: modelNamed(cell.model).words.crashed,
    words: gradeWords(cell),
    bad,
    held,
  };
}

function toneOf(result: Result): PageHead['verdict']['tone'] {
  if (result.cells.length === 0 || failsGate(result)) return 'bad';
  return provesAll(result) ? 'good' : 'unproven';
}

/** Gives a case the place of its cause, and what is shown of it. */
function causeFinder(result: Result): (one: CaseResult) => PageCase {
  const places = new Map(explainedIn(result).flatMap(({ cases }, place) => cases.map((one) => [one, place] as const)));
  return (one) => {
    const place = places.get(one);
    const shown = result.evidence?.cases[one.id];
    return { ...one, ...(place !== undefined && { cause: place }), ...(shown && { shown }) };
  };
}

/** Puts lists of cases into chunks; each list may go over several, and a chunk may hold several lists. */
function openPacker(addChunk: (cases: string) => void) {
  let texts: string[] = [];
  let characters = 0;
  let chunk = 0;
  const close = (): void => {
    if (texts.length === 0) return;
    addChunk(`[${texts.join(',')}]`);
    chunk += 1;
    texts = [];
    characters = 0;
  };
  const add = (cases: Iterable<PageCase>): Part[] => {
    const parts: Part[] = [];
    let from = texts.length;
    for (const one of cases) {
      const text = JSON.stringify(one);
      texts.push(text);
      characters += text.length;
      if (characters < CHUNK_CHARACTERS) continue;
      parts.push({ chunk, from, count: texts.length - from });
      close();
      from = 0;
    }
    if (texts.length > from) parts.push({ chunk, from, count: texts.length - from });
    return parts;
  };
  return { add, close };
}
