/** What a power cut took, in words: whole ops by their text, parts of an op by what they are. */

import type { Trace } from '../../domain/trace.ts';
import { opText } from '../../explain/op-text.ts';
import type { Action, MicroOp, Unit } from '../../persistence/micro-op.ts';
import { historyOf } from '../../persistence/micro-op-history.ts';
import type { CrashState } from './crash-state.ts';

const MOST_BLOCKS_NAMED = 3;

/** One line per op of which something was lost, in order. Of a crash that loses nothing by itself there are none. */
export function lostTexts(state: CrashState, trace: Trace): string[] {
  return state.how === 'power-lost' ? microOpTexts(state.loss.lost, trace, state.unit) : [];
}

/** One line per op, in order. */
export function microOpTexts(microOps: readonly MicroOp[], trace: Trace, unit: Unit): string[] {
  const { actions } = historyOf(trace, unit);
  const byOp = new Map<number, MicroOp[]>();
  for (const microOp of microOps) byOp.set(microOp.op.index, [...(byOp.get(microOp.op.index) ?? []), microOp]);
  return [...byOp].map(([index, parts]) => {
    const op = trace.ops[index - 1];
    const all = isAllOf(actions[index - 1], parts);
    return `op ${index} ${op === undefined ? '' : opText(op)}${all ? '' : `: ${partsText(parts)}`}`;
  });
}

/** Whether nothing of an op is on disk. */
export function isWhollyLost(trace: Trace, unit: Unit, index: number, lost: readonly MicroOp[]): boolean {
  const parts = lost.filter(({ op }) => op.index === index);
  return parts.length > 0 && isAllOf(historyOf(trace, unit).actions[index - 1], parts);
}

const isAllOf = (action: Action | undefined, parts: readonly MicroOp[]): boolean => action?.microOps.length === parts.length;

function partsText(parts: readonly MicroOp[]): string {
  const blocks = parts.flatMap(({ effect }) => (effect.kind === 'data' ? [effect.at] : []));
  const others = parts.flatMap(({ effect }) => (effect.kind === 'data' ? [] : [otherText(effect)]));
  const data = blocks.length > MOST_BLOCKS_NAMED ? `${blocks.length} blocks of its data` : blocks.map((at) => `its data at block ${at}`);
  return [data, ...others].flat().join(', ');
}

function otherText(effect: Exclude<MicroOp['effect'], { kind: 'data' }>): string {
  switch (effect.kind) {
    case 'grow':
    case 'resize':
      return `the size of ${effect.size} bytes`;
    case 'mode':
      return 'the mode';
    case 'names':
      return 'the name';
    default:
      return effect satisfies never;
  }
}
