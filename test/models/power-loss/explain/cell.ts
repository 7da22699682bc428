/** Cells for tests: a real run, a profile, and a judge that reads one file instead of starting a process. */

import {
  close,
  type Do,
  fsync,
  fsyncDir,
  open,
  rename,
  resolved,
  traceOfRun,
  unlink,
  write,
  writeFile,
  writeSynced,
} from '../../../../harness/calibrate/run.ts';
import type { FileRef, Trace, Tree } from '../../../../harness/domain/trace.ts';
import { acknowledgedAt } from '../../../../harness/judge/promise.ts';
import { explainLoss, type LossExplanation } from '../../../../harness/models/power-loss/explain/explain-loss.ts';
import type { LossQuestion } from '../../../../harness/models/power-loss/explain/question.ts';
import { type SmallestLoss, smallestLoss } from '../../../../harness/models/power-loss/explain/smallest-loss.ts';
import { withBarriers } from '../../../../harness/models/power-loss/explain/trace-edits.ts';
import { type Enumerated, VerdictCache } from '../../../../harness/models/power-loss/explain/verdict-cache.ts';
import { type PowerLossOptions, powerLossStates } from '../../../../harness/persistence/power-loss.ts';
import type { ProfileName } from '../../../../harness/persistence/profile.ts';
import { PROFILES } from '../../../../harness/persistence/profiles.ts';
import type { PowerLossState } from '../../../../harness/persistence/state.ts';

/** The file that the stores of these tests keep. */
export const LIVE = 'live';
/** Values of a page and a bit, so that they can be torn. */
export const OLD = 'old '.repeat(1500);
export const NEW = 'new '.repeat(1600);

export type Claim = 'atomic' | 'durable';
type IsBelow = (tree: Tree, acknowledged: number) => boolean;

export interface TestCell {
  readonly question: LossQuestion;
  readonly enumerated: Enumerated;
  readonly failing: readonly PowerLossState[];
  readonly isBelow: IsBelow;
  /** How many states were asked about, beyond those of the cell. */
  readonly asked: () => number;
}

/** A run that saves NEW over OLD, unless it says otherwise. */
export interface CellSketch {
  readonly calls: readonly Do[];
  readonly profile: ProfileName;
  readonly claim: Claim;
  /** What the steps save, in order. */
  readonly values?: readonly string[];
  readonly options?: PowerLossOptions;
}

/** Runs are the same each time: one is enough for all profiles and claims. */
const traces = new WeakMap<readonly Do[], Trace>();

function traceOf(calls: readonly Do[]): Trace {
  const trace = traces.get(calls) ?? traceOfRun({ [LIVE]: OLD }, calls);
  traces.set(calls, trace);
  return trace;
}

export function cellOf({ calls, profile, claim, values = [NEW], options = {} }: CellSketch): TestCell {
  const history = [OLD, ...values];
  return judgedBy(traceOf(calls), profile, options, (tree, acknowledged) => {
    const allowed = claim === 'durable' ? history.slice(acknowledged, acknowledged + 2) : history.slice(0, acknowledged + 2);
    return !allowed.includes(textAt(tree, LIVE) ?? '');
  });
}

export function judgedBy(trace: Trace, profile: ProfileName, options: PowerLossOptions, isBelow: IsBelow): TestCell {
  let asked = 0;
  const question: LossQuestion = {
    trace,
    profile: PROFILES[profile],
    options,
    fails: async (states) => {
      asked += states.length;
      return states.map(({ state, acknowledged }) => isBelow(state.toTree(), acknowledged));
    },
  };
  const states = powerLossStates(trace, question.profile, options);
  const trees = [...states].map(({ boundary, hash }) => ({ boundary, hash }));
  const enumerated = { trees, coverage: states.coverage.kind };
  return { question, enumerated, failing: failingIn(trace, question, isBelow), isBelow, asked: () => asked };
}

/** What is known of a cell before anything is searched for. */
export function verdictsOf({ question, enumerated, failing }: TestCell): VerdictCache {
  return new VerdictCache(question, enumerated, failing);
}

export function smallestIn(cell: TestCell): Promise<SmallestLoss> {
  return smallestLoss(cell.question, cell.failing, verdictsOf(cell));
}

export function explained({ question, enumerated, failing }: TestCell): Promise<LossExplanation> {
  return explainLoss(question, enumerated, failing);
}

/** Judges every state of a trace, without a memory of others. */
export function failingIn(trace: Trace, { profile, options }: LossQuestion, isBelow: IsBelow): PowerLossState[] {
  return [...powerLossStates(trace, profile, options)].filter((state) => isBelow(state.toTree(), acknowledgedAt(trace, state.boundary)));
}

/** Whether a cell fails with some fsyncs more, judged from scratch. */
export function failsWith(
  { question, isBelow }: TestCell,
  barriers: readonly { readonly after: number; readonly file: FileRef }[],
): boolean {
  return failingIn(withBarriers(question.trace, barriers).trace, question, isBelow).length > 0;
}

/** Every fsync that could be put in: of each path after each op. */
export function everyBarrier({ ops, trees }: Trace): { readonly after: number; readonly file: FileRef }[] {
  return ops.flatMap(({ index }) =>
    ['.', ...(trees[index]?.keys() ?? [])].map((path, at) => ({ after: index, file: { id: -1 - at - 100 * index, path, actual: path } })),
  );
}

export function textAt(tree: Tree, path: string): string | undefined {
  const entry = tree.get(path);
  return entry?.kind === 'file' ? Buffer.from(entry.bytes).toString() : undefined;
}

/** Ways to save NEW, each with one thing done otherwise. */
export const RUNS = {
  'without any fsync': [...writeFile('t', NEW), rename('t', LIVE), resolved],
  'without fsync of the directory': [...writeSynced('t', NEW), rename('t', LIVE), resolved],
  'without fsync of the file': [...writeFile('t', NEW), rename('t', LIVE), fsyncDir(), resolved],
  'with both': [...writeSynced('t', NEW), rename('t', LIVE), fsyncDir(), resolved],
  'with everything twice': [
    open('t', 'new'),
    write('t', NEW),
    fsync('t'),
    fsync('t'),
    close('t'),
    rename('t', LIVE),
    fsyncDir(),
    fsyncDir(),
    resolved,
  ],
  'with fsync of the file too late': [
    open('t', 'new'),
    write('t', NEW),
    close('t'),
    rename('t', LIVE),
    open(LIVE, 'write'),
    fsync(LIVE),
    close(LIVE),
    fsyncDir(),
    resolved,
  ],
  'in place': [open(LIVE, 'write'), write(LIVE, NEW), fsync(LIVE), close(LIVE), resolved],
  'truncated, in place': [open(LIVE, 'truncate'), write(LIVE, NEW), fsync(LIVE), close(LIVE), resolved],
  'after renaming away': [rename(LIVE, 'bak'), ...writeSynced('t', NEW), rename('t', LIVE), fsyncDir(), resolved],
  'beside an unsynced copy and a lock': [
    ...writeFile('lock', 'pid'),
    ...writeFile('bak', OLD),
    ...writeFile('t', NEW),
    rename('t', LIVE),
    unlink('lock'),
    resolved,
  ],
} as const satisfies { readonly [name: string]: readonly Do[] };
export type RunName = keyof typeof RUNS;
