/** The mend of a cell in words: the barriers that it lacks, or why none helps. */
import type { CellMend, MissingBarrierLine, OpLine } from '../domain/result.ts';

export function mendText(mend: CellMend): string {
  switch (mend.kind) {
    case 'mended':
      return `${barriersText(mend.barriers)}${mend.coverage === 'sampled' ? ' (verified on a sample)' : ''}`;
    case 'unmendable':
      return `no barrier would: ${reasonText(mend)}`;
    case 'undecided':
      return mend.because === 'too-many' ? 'none found: it takes too many barriers' : 'none found';
    default:
      return mend satisfies never;
  }
}

const barriersText = (barriers: readonly MissingBarrierLine[]): string => barriers.map(barrierText).join('; and ');

/** E.g. `fsync a.tmp after op 7 (write a.tmp 0..1204), before op 9 (rename a.tmp -> a)   src/store.ts:31`. */
function barrierText({ path, after, before, times }: MissingBarrierLine): string {
  const name = path === '.' ? 'the directory' : path;
  const site = after?.site === undefined ? '' : `   ${after.site.file}:${after.site.line}`;
  const again = times === 1 ? '' : ` (${times} times in this run)`;
  return `fsync ${name} after ${after === undefined ? 'the start' : inBrackets(after)}, ${beforeText(before)}${site}${again}`;
}

function beforeText(before: MissingBarrierLine['before']): string {
  switch (before.kind) {
    case 'op':
      return `before ${inBrackets(before.op)}`;
    case 'acknowledgement':
      return `before step ${before.step + 1} is acknowledged`;
    case 'end':
      return 'before the end';
    default:
      return before satisfies never;
  }
}

function reasonText({ because, afterOp, lost }: Extract<CellMend, { kind: 'unmendable' }>): string {
  const ops = lost.map((index) => `op ${index}`).join(', ');
  const at = afterOp === 0 ? 'before the first op' : `after op ${afterOp}`;
  switch (because) {
    case 'crash-alone':
      return `a crash ${at} is enough, with nothing lost`;
    case 'cut-short':
      return `${ops} can reach the disk in part`;
    case 'no-place':
      return `${ops} can be lost by a crash ${at}, and no place for one is in between`;
    default:
      return because satisfies never;
  }
}

const inBrackets = ({ index, text }: OpLine): string => `op ${index} (${text})`;
