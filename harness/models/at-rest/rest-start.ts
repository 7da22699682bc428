/** Damaged starts of a recorded run: what its end left, with one file damaged; and how a case id names one: `@12~cut=2`. */
import type { RecordedSubject } from '../../bench/subject.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { Entry, Trace, Tree } from '../../domain/trace.ts';
import type { Verdict } from '../../recover/believe.ts';
import type { Case } from '../model.ts';
import { DAMAGES, type Damaged, type DamageKind, damagesOf, withFile } from './damages.ts';

export interface RestCase extends Case<RecordedSubject> {
  readonly damage: Damaged;
  /** The place of the file among those that are not empty, from 1, by name. */
  readonly file: number;
  /** Its name as in every run. */
  readonly path: string;
  /** The boundary behind the last op: the steps are done. */
  readonly boundary: number;
  /** What the store starts with. */
  readonly tree: Tree;
}

export type RestVerdict = Verdict<RestCase, undefined>;

export interface NamedStart {
  readonly boundary: number;
  readonly kind: DamageKind;
  readonly file: number;
}

/** Files of a store that are damaged, each in its turn; of more, these come first by name. */
const MOST_FILES = 4;

export interface Starts {
  readonly cases: readonly RestCase[];
  /** With those of the files beyond the limit. */
  readonly of: number;
  readonly files: { readonly damaged: number; readonly of: number };
}

export function startsOf(subject: RecordedSubject): Starts {
  const { trace } = subject;
  const tree = trace.trees.at(-1) ?? new Map();
  const files = filesIn(tree, trace);
  const all = files.map(({ actual, path, entry }, index) =>
    damagesOf(entry, olderThan(trace, actual, entry)).map(
      (damage): RestCase => ({
        subject,
        damage,
        file: index + 1,
        path,
        boundary: trace.ops.length,
        tree: withFile(tree, actual, entry, damage.bytes),
      }),
    ),
  );
  return {
    cases: all.slice(0, MOST_FILES).flat(),
    of: all.flat().length,
    files: { damaged: Math.min(files.length, MOST_FILES), of: files.length },
  };
}

interface NamedFile {
  readonly actual: string;
  readonly path: string;
  readonly entry: Extract<Entry, { readonly kind: 'file' }>;
}

/** In an order that is the same in every run, whatever names the run made up. */
function filesIn(tree: Tree, { variation: { names } }: Trace): NamedFile[] {
  return [...tree]
    .flatMap(([actual, entry]): NamedFile[] =>
      entry.kind === 'file' && entry.bytes.length > 0 ? [{ actual, path: canonicalPath(actual, names), entry }] : [],
    )
    .sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
}

/** What a path held before the last save, if that was another whole file: at the boundary where its steps began. */
function olderThan({ trees }: Trace, path: string, { hash }: NamedFile['entry']): Uint8Array | undefined {
  const entry = trees[0]?.get(path);
  return entry?.kind === 'file' && entry.hash !== hash && entry.bytes.length > 0 ? entry.bytes : undefined;
}

export const writeStart = ({
  boundary,
  damage: { kind },
  file,
}: Pick<RestCase, 'boundary' | 'file'> & { readonly damage: Pick<Damaged, 'kind'> }): string => `@${boundary}~${kind}=${file}`;

const DETAIL = new RegExp(`^(?<kind>${DAMAGES.join('|')})=(?<file>[1-9]\\d{0,4})$`);

export function readStart(boundary: number, detail: string): NamedStart | undefined {
  const { kind, file } = DETAIL.exec(detail)?.groups ?? {};
  const known = DAMAGES.find((name) => name === kind);
  return known === undefined ? undefined : { boundary, kind: known, file: Number(file) };
}

/** Throws NoSuchCase where a run has no such start. */
export function startNamed({ cases, files }: Starts, named: NamedStart): RestCase {
  const found = cases.find(
    ({ damage: { kind }, file, boundary }) => kind === named.kind && file === named.file && boundary === named.boundary,
  );
  if (found !== undefined) return found;
  const [first] = cases;
  if (first !== undefined && first.boundary !== named.boundary)
    throw new NoSuchCase(`what lies on disk is damaged after the last op, which is ${first.boundary}`);
  throw new NoSuchCase(
    named.file > files.damaged
      ? `there is no file ${named.file}: ${files.damaged} of ${files.of} are damaged in turn`
      : `file ${named.file} cannot be damaged so`,
  );
}
