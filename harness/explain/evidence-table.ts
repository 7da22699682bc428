/** The tables of evidence while they are filled: trees, contents, values and runs, each kept once. */
import { createHash } from 'node:crypto';
import type { Contents, Evidence, PowerCut, Run, ShownValue, TreeEntry } from '../domain/evidence.ts';
import { CONTENT_BYTES_KEPT, VALUE_CHARACTERS_KEPT } from '../domain/evidence-limits.ts';
import { canonicalPath } from '../domain/names.ts';
import type { Entry, Json, Mark, NameRule, Op, Step, Tree } from '../domain/trace.ts';
import { markText, opText } from './op-text.ts';

type Table<Item> = { [id: string]: Item };

/** A recorded run, or a part of one: `trees[k]` is the tree after op k, the same object where nothing changed. */
export interface ShownRun {
  readonly ops: readonly Op[];
  readonly marks: readonly Mark[];
  readonly trees: readonly Tree[];
  readonly steps?: readonly Step[];
}

export class EvidenceTable {
  readonly #lines: Evidence['lines'] = {};
  readonly #runs: Evidence['runs'] = {};
  readonly #trees: Evidence['trees'] = {};
  readonly #contents: Evidence['contents'] = {};
  readonly #values: Evidence['values'] = {};
  readonly #cuts: Evidence['cuts'] = {};
  readonly #cases: Evidence['cases'] = {};
  /** Ids of what was met before: a run is the run of many cases, and most of its trees share their files. */
  readonly #idsOfRuns = new WeakMap<readonly Tree[], string>();
  readonly #idsOfTrees = new WeakMap<Tree, string>();
  readonly #idsOfContents = new Map<string, string>();

  addCase(id: string, evidence: Evidence['cases'][string]): void {
    this.#cases[id] = evidence;
  }

  addLine(text: string, site: Op['site']): string {
    return keep(this.#lines, { text, ...(site && { site }) });
  }

  addRun(run: Run): string {
    return keep(this.#runs, run);
  }

  addCut(cut: PowerCut): string {
    return keep(this.#cuts, cut);
  }

  /** `names`: what made-up names look like in its trees. */
  addRecorded({ ops, marks, trees, steps }: ShownRun, names: readonly NameRule[]): string {
    const known = this.#idsOfRuns.get(trees);
    if (known !== undefined) return known;
    const [start = new Map()] = trees;
    const id = this.addRun({
      start: this.addTree(start, names),
      ops: ops.map((op, index) => {
        const [before, after] = [trees[index], trees[index + 1]];
        const isOther = after !== undefined && after !== before;
        const line = this.addLine(opText(op), op.site);
        return { line, ...(isOther && { changed: true as const, tree: this.addTree(after, names) }) };
      }),
      marks: marks.map((mark) => ({ afterOp: mark.afterOp, text: markText(mark, steps) })),
    });
    this.#idsOfRuns.set(trees, id);
    return id;
  }

  addTree(tree: Tree, names: readonly NameRule[]): string {
    const known = this.#idsOfTrees.get(tree);
    if (known !== undefined) return known;
    const entries = [...tree].map(([path, entry]): TreeEntry => ({ path: canonicalPath(path, names), ...this.#entryOf(entry) }));
    // In an order that is the same in every run, whatever names the run made up.
    const id = keep(
      this.#trees,
      entries.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1)),
    );
    this.#idsOfTrees.set(tree, id);
    return id;
  }

  addValue(value: Json): string {
    const whole = JSON.stringify(value, null, 2);
    const id = shortHash(JSON.stringify(value));
    this.#values[id] ??= {
      characters: whole.length,
      text: whole.slice(0, VALUE_CHARACTERS_KEPT),
      ...(whole.length > VALUE_CHARACTERS_KEPT && { cut: true as const }),
    } satisfies ShownValue;
    return id;
  }

  /** The caller reads the sources: it knows where they are. */
  evidence(): Omit<Evidence, 'sources'> {
    return {
      lines: this.#lines,
      runs: this.#runs,
      trees: this.#trees,
      contents: this.#contents,
      values: this.#values,
      cuts: this.#cuts,
      cases: this.#cases,
    };
  }

  #entryOf(entry: Entry): Omit<TreeEntry, 'path'> {
    switch (entry.kind) {
      case 'file':
        return { kind: entry.kind, mode: octal(entry.mode), contents: this.#addContents(entry.bytes, entry.hash) };
      case 'symlink':
        return { kind: entry.kind, target: entry.target };
      case 'directory':
      case 'other':
        return { kind: entry.kind, mode: octal(entry.mode) };
      default:
        return entry satisfies never;
    }
  }

  #addContents(bytes: Uint8Array, hash: string): string {
    const known = this.#idsOfContents.get(hash);
    if (known !== undefined) return known;
    const id = shortHash(bytes);
    this.#idsOfContents.set(hash, id);
    this.#contents[id] ??= shownContents(bytes);
    return id;
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const sortKey = ({ path, contents = '' }: TreeEntry): string => `${path}\0${contents}`;
const shortHash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 16);

function keep<Item extends object>(table: Table<Item>, item: Item): string {
  const id = shortHash(JSON.stringify(item));
  table[id] ??= item;
  return id;
}

/** From so many zeros in a row on, their number is shown: a power cut leaves whole blocks of them. */
const LONG_RUN = 8;

/** @internal */
export function shownContents(bytes: Uint8Array): Contents {
  const parts: (string | number)[] = [];
  let room = CONTENT_BYTES_KEPT;
  let at = 0;
  while (at < bytes.length && room > 0) {
    const zeros = zerosAt(bytes, at);
    if (zeros >= LONG_RUN) {
      parts.push(zeros);
      at += zeros;
      continue;
    }
    const from = at;
    while (at < bytes.length && at - from < room && (bytes[at] !== 0 || zerosAt(bytes, at) < LONG_RUN)) at += 1;
    room -= at - from;
    parts.push(Buffer.from(bytes.subarray(from, at)).toString());
  }
  return { bytes: bytes.length, parts, ...(at < bytes.length && { cut: true as const }) };
}

function zerosAt(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at += 1;
  return at - from;
}
