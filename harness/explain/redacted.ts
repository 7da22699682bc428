/**
 * A result without what a store saved: contents and values become a length and a hash, and so does every text that could quote them, such as
 * the message of an error. Names of files stay, and so do the lines of source that made ops; whole sources are left out.
 *
 * Of words only known forms are kept: `5 entries`, `nothing`. What has another form is taken for data.
 */
import { createHash } from 'node:crypto';
import type { Evidence } from '../domain/evidence.ts';
import type { CaseResult, CellResult, Result } from '../domain/result.ts';
import { counted } from '../domain/words.ts';

export function redactedResult(result: Result): Result {
  return {
    ...result,
    cells: result.cells.map(redactedCell),
    cases: result.cases.map(redactedCase),
    ...(result.evidence && { evidence: redactedEvidence(result.evidence) }),
  };
}

function redactedCell(cell: CellResult): CellResult {
  return {
    ...cell,
    ...(cell.reason !== undefined && { reason: headOf(cell.reason) }),
    notes: cell.notes.map(headOf),
  };
}

function redactedCase(one: CaseResult): CaseResult {
  return {
    ...one,
    found: redactedFound(one.found),
    promised: one.promised.split(' or ').map(valueWords).join(' or '),
    ...(one.differs && { differs: redactedDifferences(one.differs) }),
    ...(one.fault !== undefined && { fault: afterRejection(one.fault) }),
    ...(one.schedule && { schedule: one.schedule.map(({ task, ops }) => ({ task, ops: ops.map(redactedTurn) })) }),
  };
}

/** Names of members are saved data. */
function redactedDifferences({ from, ...kinds }: NonNullable<CaseResult['differs']>): NonNullable<CaseResult['differs']> {
  const { missing, changed, added } = kinds;
  const without = ({ count }: { readonly count: number }) => ({ count, names: [] });
  return { from, missing: without(missing), changed: without(changed), added: without(added) };
}

function redactedEvidence(evidence: Evidence): Evidence {
  return {
    ...evidence,
    runs: each(evidence.runs, (run) => ({
      ...run,
      marks: run.marks.map(({ afterOp, text }) => ({ afterOp, text: afterRejection(text) })),
    })),
    contents: each(evidence.contents, ({ bytes }) => ({ bytes })),
    values: each(evidence.values, ({ characters }) => ({ characters })),
    cuts: each(evidence.cuts, (cut) => ({
      ...cut,
      judged: each(cut.judged, ({ outcome, found }) => ({ outcome, found: redactedFound(found) })),
    })),
    sources: {},
  };
}

function each<Item, Other>(table: { readonly [id: string]: Item }, change: (item: Item) => Other): { [id: string]: Other } {
  return Object.fromEntries(Object.entries(table).map(([id, item]) => [id, change(item)]));
}

const hidden = (text: string): string =>
  `<${counted(text.length, 'character')}, sha256 ${createHash('sha256').update(text).digest('hex').slice(0, 16)}>`;

/** What the harness itself says, whatever a store saved. */
const KNOWN = new RegExp(
  `^(?:${[
    'nothing',
    '\\{\\}',
    '\\[\\]',
    'null',
    '[\\d,]+ (?:entry|entries|items?)',
    'saved',
    'was not reached',
    'in time',
    'did not return within [\\d.]+ s',
    '(?:load\\(\\)|the next save|the load after the next save), within [\\d.]+ s',
    '[^"\\s]+ by other users',
  ].join('|')})$`,
);

const valueWords = (text: string): string => (KNOWN.test(text) ? text : hidden(text));

const BROKEN = /^(?<start>(?:nothing: it |resolved, but the load after it )?(?:threw |ended the process: |returned ))(?<rest>.*)$/s;
const WHICH =
  /^(?<value>.*?)(?<which>(?:, as last acknowledged|, of the save under way|, as of [\d,]+ saves? earlier| that nobody saved)?)$/s;
const LOOKER =
  / \((?:in the same process|after step \d+|when the same is saved again(?: in the same process)?|after the same was saved again)\)$/;

/** See `describeFound`. */
function redactedFound(text: string): string {
  const looker = LOOKER.exec(text)?.[0] ?? '';
  const words = text.slice(0, text.length - looker.length);
  const broken = BROKEN.exec(words)?.groups;
  if (broken !== undefined) return `${broken.start}${errorWords(broken.rest ?? '')}${looker}`;
  const { value = words, which = '' } = KNOWN.test(words) ? {} : (WHICH.exec(words)?.groups ?? {});
  return `${valueWords(value)}${which}${looker}`;
}

/** The kind of an error is code; its message may quote what it read. */
function errorWords(text: string): string {
  const { kind, message } = /^(?<kind>(?:[A-Z]\w*)?Error): (?<message>.*)$/s.exec(text)?.groups ?? {};
  return kind === undefined || message === undefined ? valueWords(text) : `${kind}: ${hidden(message)}`;
}

/** `step 1 rejected: Error: …` */
function afterRejection(text: string): string {
  const { start, rest } = /^(?<start>.*?(?:resolved|rejected|rejection): )(?<rest>.*)$/s.exec(text)?.groups ?? {};
  return start === undefined || rest === undefined ? text : `${start}${hidden(rest)}`;
}

/** A step is named alone before `failed`, and an op with its file. */
const TURN = /^(?<start>load -> |save |[a-z-]+ failed: )(?<rest>.*)$/s;

/** What a task did until another one went on: ops, and what a load returned, a save was given or a step said. */
function redactedTurn(text: string): string {
  const { start, rest } = TURN.exec(text)?.groups ?? {};
  return start === undefined || rest === undefined ? text : `${start}${redactedFound(rest)}`;
}

/** Notes and reasons that are the harness's own to their end. */
const OWN = /^(?:histories|litter|crash in recovery|recorders differ|nondeterministic|known to (?:be|end)\b)/;

/** What a message begins with says what happened; what follows a colon or stands in brackets may be the store's words. */
function headOf(text: string): string {
  if (OWN.test(text)) return text;
  const { start, rest } = /^(?<start>[^:(]*(?:: | ?\())(?<rest>.*)$/s.exec(text)?.groups ?? {};
  return start === undefined || rest === undefined ? text : `${start}${hidden(rest)}`;
}
