/** Traces made by hand: what a run would have left, without a run. */
import type { FileRef, Mark, Op, Trace, Tree } from '../../harness/domain/trace.ts';
import { equalTrees } from '../../harness/domain/tree.ts';

export type OpSketch = Pick<Op, 'call'> & { readonly path: string; readonly to?: string } & Partial<
    Pick<Op, 'range' | 'error' | 'process'>
  >;

/** Each op with the tree after it; a sketch without a tree changes nothing. */
export interface TraceSketch {
  readonly before?: Tree;
  readonly ops: readonly (OpSketch | readonly [OpSketch, Tree])[];
  /** Steps that resolved, as the number of ops that came before. */
  readonly resolved?: readonly number[];
  readonly marks?: readonly Mark[];
}

export function traceOf({ before = new Map(), ops, resolved = [], marks }: TraceSketch): Trace {
  const trees: Tree[] = [before];
  const done = ops.map((sketch, index): Op => {
    const [op, after] = isOp(sketch) ? [sketch, undefined] : sketch;
    const last = trees.at(-1) ?? before;
    trees.push(after === undefined || equalTrees(last, after) ? last : after);
    const { path, to, ...rest } = op;
    return { index: index + 1, via: op.call, process: 0, file: fileOf(path), ...rest, ...(to !== undefined && { to: fileOf(to) }) };
  });
  return {
    recorder: 'ptrace',
    ops: done,
    marks: marks ?? resolved.map((afterOp, step) => ({ kind: 'resolved', step, afterOp })),
    trees,
    variation: { names: [], contents: new Set() },
    unmeasured: [],
  };
}

const isOp = (sketch: OpSketch | readonly [OpSketch, Tree]): sketch is OpSketch => !Array.isArray(sketch);
const fileOf = (path: string): FileRef => ({ id: 1, path, actual: path });
