/**
 * A state's part of a case id: the lost ops and micro-ops, by number.
 *
 * `lost=7` is all of op 7, `lost=7.2+9` the second micro-op of op 7 and all of op 9; `lost512=` counts micro-ops of 512 bytes.
 * A list too long for a file name is replaced by the hash of the tree, `tree=9f8e…`, which is looked up by enumerating again. If
 * nothing was lost, the text is empty.
 */
import type { Action, MicroOp, Unit } from './micro-op.ts';

/** The longest list; longer ones are replaced by a hash. */
const MAX_LENGTH = 240;

/** One entry of a lost list: a whole op, or one of its micro-ops. */
interface LostPart {
  readonly op: number;
  readonly part: number | 'all';
}

export type StateId =
  | { readonly kind: 'lost'; readonly unit: Unit; readonly parts: readonly LostPart[] }
  | { readonly kind: 'tree'; readonly hash: string };

export function detailOf(lost: readonly MicroOp[], actions: readonly Action[], unit: Unit, hash: () => string): string {
  if (lost.length === 0) return '';
  const byOp = new Map<number, number[]>();
  for (const { op, part } of lost) {
    const parts = byOp.get(op.index);
    if (parts === undefined) byOp.set(op.index, [part]);
    else parts.push(part);
  }
  const words = [...byOp].flatMap(([op, parts]) =>
    parts.length === actions[op - 1]?.microOps.length ? [`${op}`] : parts.map((part) => `${op}.${part}`),
  );
  const text = `${unit === 512 ? 'lost512' : 'lost'}=${words.join('+')}`;
  return text.length <= MAX_LENGTH ? text : `tree=${hash()}`;
}

const PART = /(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?/.source;
const LOST = new RegExp(`^(lost|lost512)=(${PART}(?:\\+${PART})*)$`);

/** Undefined if `detailOf` cannot have written this text. */
export function parseDetail(detail: string): StateId | undefined {
  if (detail === '') return { kind: 'lost', unit: 4096, parts: [] };
  const tree = /^tree=([0-9a-f]{16})$/.exec(detail)?.[1];
  if (tree !== undefined) return { kind: 'tree', hash: tree };
  const lost = LOST.exec(detail);
  if (lost === null) return undefined;
  const parts = (lost[2] ?? '').split('+').map((word): LostPart => {
    const [op, part] = word.split('.');
    return { op: Number(op), part: part === undefined ? 'all' : Number(part) };
  });
  return { kind: 'lost', unit: lost[1] === 'lost512' ? 512 : 4096, parts };
}
