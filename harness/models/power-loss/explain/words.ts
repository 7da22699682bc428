/**
 * The explanation of a power loss in words, for the lines of a case: what was lost, what landed without it, what would mend it, and
 * which barriers are redundant.
 */
import { groupedBy } from '../../../domain/grouped.ts';
import type { Op, Site, Trace } from '../../../domain/trace.ts';
import { opText } from '../../../explain/op-text.ts';
import type { LossExplanation } from './explain-loss.ts';
import type { Mend, MissingBarrier } from './missing-barriers.ts';
import type { Redundancy } from './redundant-barriers.ts';
import type { Landed, LostOp, SmallestLoss } from './smallest-loss.ts';

export interface LossWords {
  /** One line per lost op; empty if the crash alone is enough. */
  readonly lost: readonly string[];
  /** What landed without it; absent if nothing fails. */
  readonly landed?: string;
  /** The mend, or why there is none; absent if nothing fails. */
  readonly missingBarrier?: string;
  /** One line per redundant barrier. */
  readonly redundant: readonly string[];
}

/** The source line of an op, by its number. */
export type SiteOf = (index: number) => Site | undefined;

export function lossWords({ smallest, mend, redundant }: LossExplanation, trace: Trace, siteOf: SiteOf): LossWords {
  const missingBarrier = mendText(mend, trace, siteOf);
  return {
    lost: smallest?.kind === 'lost' ? smallest.lost.map((lost) => lostText(lost, siteOf)) : [],
    ...(smallest && { landed: landedText(smallest, siteOf) }),
    ...(missingBarrier !== undefined && { missingBarrier }),
    redundant: redundantTexts(redundant, mend, siteOf),
  };
}

/** E.g. `op 7 write a.tmp 0..1204   src/store.ts:31`, `the data of op 7 write a.tmp 0..9000, in part   src/store.ts:31`. */
function lostText({ op, extent, aspects }: LostOp, siteOf: SiteOf): string {
  const text = `op ${op.index} ${opText(op)}`;
  return withSite(extent === 'whole' ? text : `the ${aspects.join(' and ')} of ${text}, in part`, op.index, siteOf);
}

/** E.g. `op 9 rename a.tmp -> a landed without op 7`, `step 1 was acknowledged without op 9 on disk`. */
function landedText(smallest: SmallestLoss, siteOf: SiteOf): string {
  if (smallest.kind === 'crash-alone') {
    const until = smallest.until === undefined ? '' : `, until op ${smallest.until.index} ${opText(smallest.until)}`;
    return `${landedSubject(smallest.landed, 'with nothing lost', siteOf)}${until}`;
  }
  const { landed, lost } = smallest;
  const without = lost.map(({ op, extent }) => (extent === 'whole' ? `op ${op.index}` : `a part of op ${op.index}`));
  const isSelf = landed.kind === 'part of op' && lost.length === 1;
  return landedSubject(landed, isSelf ? 'without the rest of it' : `without ${without.join(', ')}`, siteOf);
}

function landedSubject(landed: Landed, how: string, siteOf: SiteOf): string {
  switch (landed.kind) {
    case 'op':
      return withSite(`op ${landed.op.index} ${opText(landed.op)} landed ${how}`, landed.op.index, siteOf);
    case 'part of op':
      return withSite(`a part of op ${landed.op.index} ${opText(landed.op)} landed ${how}`, landed.op.index, siteOf);
    case 'acknowledgement':
      return `step ${landed.step + 1} was acknowledged ${how}${landed.after === undefined ? '' : `, after op ${landed.after.index} ${opText(landed.after)}`}`;
    case 'start':
      return `what was there before the first op fails, ${how}`;
    default:
      return landed satisfies never;
  }
}

function mendText(mend: Mend, trace: Trace, siteOf: SiteOf): string | undefined {
  switch (mend.kind) {
    case 'nothing-to-mend':
      return undefined;
    case 'mended': {
      return `${barrierTexts(mend.barriers, trace, siteOf).join('; and ')}${mend.coverage === 'sampled' ? ' (verified on a sample)' : ''}`;
    }
    case 'unmendable':
      return `unmendable: no barrier helps, because ${reasonText(mend)}`;
    case 'undecided':
      return mend.because === 'too-many' ? 'none found: it takes too many barriers' : 'none found';
    default:
      return mend satisfies never;
  }
}

/** Barriers at one source line that ran several times are one line to add, and are reported once. */
function barrierTexts(barriers: readonly MissingBarrier[], trace: Trace, siteOf: SiteOf): readonly string[] {
  return [...groupedBy(barriers, ({ first, target }) => `${lineKey(first, siteOf)} ${target}`).values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [barrierText(first, trace, siteOf) + timesText(more.length + 1)],
  );
}

/** E.g. `fsync a.tmp after op 7 (write a.tmp 0..1204), before op 9 (rename a.tmp -> a)   src/store.ts:31`. */
function barrierText({ file, first, last }: MissingBarrier, trace: Trace, siteOf: SiteOf): string {
  const name = file.path === '.' ? 'the directory' : file.path;
  return `fsync ${name} after ${inBrackets(trace.ops[first - 1])}, ${beforeText(last, trace)}${siteText(first, siteOf)}`;
}

/** A barrier precedes an acknowledgement at the same place. */
function beforeText(last: number, trace: Trace): string {
  const mark = trace.marks.find(({ kind, afterOp }) => kind === 'resolved' && afterOp === last);
  if (mark !== undefined) return `before step ${mark.step + 1} is acknowledged`;
  const next = trace.ops[last];
  return next === undefined ? 'before the end' : `before ${inBrackets(next)}`;
}

function reasonText({ because, remaining }: Extract<Mend, { kind: 'unmendable' }>): string {
  const lost = [...new Set(remaining.lost.map(({ op }) => op.index))].map((index) => `op ${index}`).join(', ');
  const at = remaining.boundary === 0 ? 'before the first op' : `after op ${remaining.boundary}`;
  switch (because) {
    case 'crash-alone':
      return `a crash ${at} is enough, with nothing lost`;
    case 'cut-short':
      return `${lost} can reach the disk in part`;
    case 'no-place':
      return `${lost} can be lost by a crash ${at}, and no place for one is in between`;
    default:
      return because satisfies never;
  }
}

/** A source line is redundant only if all its executions are. */
function redundantTexts({ barriers, together }: Redundancy, mend: Mend, siteOf: SiteOf): readonly string[] {
  const once = mend.kind === 'mended' ? ' once that is mended' : '';
  const lineOf = (op: Op): string => lineKey(op.index, siteOf);
  return [...groupedBy(together, lineOf)].flatMap(([line, [first, ...more]]) => {
    if (first === undefined || barriers.filter(({ op }) => lineOf(op) === line).length > more.length + 1) return [];
    return [withSite(`op ${first.index} ${opText(first)} buys nothing${once}`, first.index, siteOf) + timesText(more.length + 1)];
  });
}

const timesText = (times: number): string => (times === 1 ? '' : ` (${times} times in this run)`);

/** The source line of an op; if unknown, the op itself. */
function lineKey(index: number, siteOf: SiteOf): string {
  const site = siteOf(index);
  return site === undefined ? `op ${index}` : `${site.file}:${site.line}:${site.column}`;
}

const inBrackets = (op: Op | undefined): string => (op === undefined ? 'the start' : `op ${op.index} (${opText(op)})`);
const withSite = (text: string, index: number, siteOf: SiteOf): string => text + siteText(index, siteOf);

function siteText(index: number, siteOf: SiteOf): string {
  const site = siteOf(index);
  return site === undefined ? '' : `   ${site.file}:${site.line}`;
}
