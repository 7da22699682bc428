/** The events of a run, with its trees, which go to the spool. */
import type { RawEnd, RawEvent, RawMark, RawOp } from '../../domain/events.ts';
import { scanTimes } from '../../domain/file-times.ts';
import type { Tree } from '../../domain/trace.ts';
import { equalTrees, type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import type { FaultRun } from '../fault.ts';
import type { ImageCuts } from '../image/image-cuts.ts';

export interface LogOptions {
  /** The run ends in a kill: nobody asks for its trees. */
  readonly kills: boolean;
  readonly image: ImageCuts | undefined;
  /** Whether files may be stored into: only the first store to a clean page changes the times by which a cache knows a file. */
  readonly isMapped: () => boolean;
}

export class RunLog {
  readonly events: RawEvent[] = [];
  readonly #options: LogOptions;
  readonly #doubts = new Set<string>();
  #run: FaultRun;
  #cache: ScanCache = new Map();
  #tree: Tree = new Map();

  constructor(run: FaultRun, options: LogOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** From now on it is another run of the same process. */
  begin(run: FaultRun): void {
    this.#run = run;
    this.#cache = new Map();
  }

  start(): void {
    const { image, kills } = this.#options;
    image?.atBoundary(0);
    if (kills || image !== undefined) return;
    this.#tree = this.#scan();
    this.events.push({ kind: 'start', tree: spoolTree(this.#tree, this.#run.spool), times: scanTimes(this.#run.directory, this.#tree) });
  }

  /** An op that has returned, the `index`th of its run. */
  op(op: RawOp, index: number): void {
    this.events.push(this.#withTree(op));
    this.#options.image?.atBoundary(index);
  }

  /** An op of a lean run, which nobody waits for. */
  entered(op: RawOp): void {
    this.events.push(op);
  }

  mark(mark: RawMark): void {
    this.events.push(this.#run.lean ? { ...mark, tree: spoolTree(this.#scan(), this.#run.spool) } : mark);
  }

  /** Something that was seen but is no op. */
  doubt(what: string): void {
    this.#doubts.add(what);
  }

  end(end: RawEnd): void {
    this.events.push(end);
  }

  /** The end of the last run, after what could not be measured. */
  close(end: RawEnd): void {
    for (const what of this.#doubts) this.events.push({ kind: 'unmeasured', what });
    this.events.push(end);
  }

  /** The op, with the tree if the op changed it. */
  #withTree(op: RawOp): RawOp {
    const { image, kills } = this.#options;
    // Under a `cut` plan the tracer opens no file: ext4 and xfs flush a file at the first close after a truncation.
    if (kills || image !== undefined || this.#run.lean) return op;
    const tree = this.#scan();
    if (equalTrees(tree, this.#tree)) return op;
    this.#tree = tree;
    return { ...op, tree: spoolTree(tree, this.#run.spool) };
  }

  #scan(): Tree {
    return scanTree(this.#run.directory, this.#options.isMapped() ? undefined : this.#cache);
  }
}
