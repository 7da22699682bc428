/**
 * The explanation of a power loss in words, for the lines of a case: what was lost, what landed without it, what would mend it, and
 * which barriers are redundant.
 */
import { groupedBy } from '../../../domain/grouped.ts';
import type { CellMend, MissingBarrierLine, OpLine } from '../../../domain/result.ts';
import type { Op, Site, Trace } from '../../../domain/trace.ts';
import { mendText } from '../../../explain/mend-text.ts';
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
  /** The same as data. */
  readonly mend?: CellMend;
  /** One line per redundant barrier. */
  readonly redundant: readonly string[];
}

/** The source line of an op, by its number. */
export type SiteOf = (index: number) => Site | undefined;

export function lossWords({ smallest, mend, redundant }: LossExplanation, trace: Trace, siteOf: SiteOf): LossWords {
  const lines = mendLines(mend, trace, siteOf);
  return {
    lost: smallest?.kind === 'lost' ? smallest.lost.map((lost) => lostText(lost, siteOf)) : [],
    ...(smallest && { landed: landedText(smallest, siteOf) }),
    ...(lines && { missingBarrier: mendText(lines), mend: lines }),
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

/** Undefined if nothing fails. */
function mendLines(mend: Mend, trace: Trace, siteOf: SiteOf): CellMend | undefined {
  switch (mend.kind) {
    case 'nothing-to-mend':
      return undefined;
    case 'mended':
      return { kind: 'mended', barriers: barrierLines(mend.barriers, trace, siteOf), coverage: mend.coverage };
    case 'unmendable': {
      const lost = [...new Set(mend.remaining.lost.map(({ op }) => op.index))];
      return { kind: 'unmendable', because: mend.because, afterOp: mend.remaining.boundary, lost };
    }
    case 'undecided':
      return { kind: 'undecided', because: mend.because };
    default:
      return mend satisfies never;
  }
}

/** Barriers at one source line that ran several times are one line to add, and are reported once. */
function barrierLines(barriers: readonly MissingBarrier[], trace: Trace, siteOf: SiteOf): MissingBarrierLine[] {
  const lineAt = (index: number): OpLine | undefined => {
    const op = trace.ops[index - 1];
    const site = siteOf(index);
    return op && { index, text: opText(op), ...(site && { site }) };
  };
  const byLine = groupedBy(barriers, ({ first, target }) => `${lineKey(first, siteOf)} ${target}`);
  return [...byLine.values()].map(([{ file, target, first, last }, ...more]): MissingBarrierLine => {
    const after = lineAt(first);
    const next = lineAt(last + 1);
    // A barrier precedes an acknowledgement at the same place.
    const mark = trace.marks.find(({ kind, afterOp }) => kind === 'resolved' && afterOp === last);
    const otherwise: MissingBarrierLine['before'] = next === undefined ? { kind: 'end' } : { kind: 'op', op: next };
    return {
      target,
      path: file.path,
      ...(after && { after }),
      before: mark === undefined ? otherwise : { kind: 'acknowledgement', step: mark.step },
      times: more.length + 1,
    };
  });
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

const withSite = (text: string, index: number, siteOf: SiteOf): string => text + siteText(index, siteOf);

function siteText(index: number, siteOf: SiteOf): string {
  const site = siteOf(index);
  return site === undefined ? '' : `   ${site.file}:${site.line}`;
}
