/**
 * What happened in a case, before anything was looked at: the crash and where it came, the call that failed, or who did what in which order.
 */
import type { CaseResult, OpLine, SiteLine } from '../domain/result.ts';
import { counted, withCommas } from '../domain/words.ts';
import { modelNamed } from '../models/all.ts';
import { type Crash, crashLabel } from './crash-words.ts';

/** One label with what belongs to it, side by side where it fits. */
export interface MomentRow {
  readonly label: string;
  readonly words: readonly string[];
}

/** What of a case says how it came about. */
type Moment = Crash & Pick<CaseResult, 'history' | 'schedule' | 'killed' | 'fault' | 'start' | 'quitBy' | 'site'>;

/** The rows that a block of text begins with. */
export function momentRows(one: Moment, model: string): MomentRow[] {
  const history = one.history === undefined ? [] : [{ label: 'history', words: [one.history.join(SEPARATOR)] }];
  if (one.schedule !== undefined) return [...history, ...scheduleRows(one, one.schedule)];
  if (one.fault !== undefined) return [...history, { label: 'failed', words: [one.fault, ...siteWords(one.site)] }];
  if (one.start !== undefined) return [...history, { label: 'started with', words: [one.start] }];
  return [...history, crashRow(one, model), ...(one.quitBy === undefined ? [] : [{ label: 'by', words: [one.quitBy] }])];
}

const SEPARATOR = ' · ';

/** Who did what until another one went on, and what ended it. */
function scheduleRows({ end, killed, after }: Moment, schedule: NonNullable<CaseResult['schedule']>): MomentRow[] {
  const blocks = schedule.map(({ task, ops }) => ({ label: task, words: [ops.join(', ')] }));
  return end || killed !== undefined ? blocks : [...blocks, { label: 'crashed', words: [`all of them, ${afterOp(after)}`] }];
}

/** The boundary, as a label: `killed after op 4`, `power lost after op 4`; and the op. */
export function crashRow(crash: Crash, model: string): MomentRow {
  return { label: crashLabel(crash, modelNamed(model).words.crashed), words: momentWords(crash) };
}

const afterOp = (after: OpLine | undefined): string => (after === undefined ? 'before op 1' : `after op ${after.index}, ${after.text}`);

function momentWords({ after, inside, end }: Crash): string[] {
  if (after === undefined) return ['nothing had happened yet'];
  if (inside !== undefined) return [...opWords(after), `${withCommas(inside)} bytes in`];
  return end ? opWords({ ...after, text: `last op ${after.index}: ${after.text}` }) : opWords(after);
}

export function opWords({ text, site }: OpLine): string[] {
  return [text, ...siteWords(site)];
}

const siteWords = (site: SiteLine | undefined): string[] => (site === undefined ? [] : [siteText(site)]);

export function siteText(site: SiteLine): string {
  return `${site.file}:${site.line}`;
}

/** What the boundaries of a model are called where several of them end alike. */
export function manyLike(count: number, { fault, schedule, history, start }: CaseResult): string {
  if (schedule !== undefined) return counted(count, 'more schedule');
  if (fault !== undefined) return counted(count, 'more fault');
  if (start !== undefined) return counted(count, 'more start');
  return history === undefined ? counted(count, 'more boundary', 'more boundaries') : counted(count, 'more case');
}
