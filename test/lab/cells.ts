/** Cells, subjects and findings made by hand: what a run would have given, without a run. */
import type { RecordedSubject } from '../../harness/bench/subject.ts';
import { type CellOptions, type CheckedCell, cellResult } from '../../harness/cell-result.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { FRESH } from '../../harness/domain/sighting.ts';
import type { Outcome } from '../../harness/domain/store.ts';
import type { Trace, Tree } from '../../harness/domain/trace.ts';
import { type Variant, variantsNamed } from '../../harness/models/all.ts';
import { type CrashState, type CrashVerdict, crashCase } from '../../harness/models/crash/crash-state.ts';
import type { Cell, Explored, Findings } from '../../harness/models/model.ts';
import { tallyOf } from '../../harness/models/tally.ts';
import { SAVES } from './abilities.ts';

/** The variant of this very name, as in `power-loss:xfs`. */
export function variantOf(name: string): Variant {
  const variant = variantsNamed(name)?.find((one) => one.name === name);
  if (variant === undefined) throw new Error(`${name} is no variant`);
  return variant;
}

export const STORE: LoadedStore = {
  name: 'a',
  argument: 'a',
  bundle: '',
  kind: 'module',
  readsTimes: false,
  abilities: SAVES,
  ignore: [],
  claims: {},
  knownBugs: {},
  scenarios: [],
  env: {},
};
export const REPLACE: Scenario = { name: 'replace', catches: '', before: [], steps: [], plain: true, next: {} };

export interface CellParts {
  readonly store?: Partial<LoadedStore>;
  readonly scenario?: Partial<Scenario>;
  readonly heldBy?: 'name' | 'strict';
}

export function cellOf(name: string, { store, scenario, ...rest }: CellParts = {}): Cell {
  const { model, profile } = variantOf(name);
  return { model, profile: profile.name, store: { ...STORE, ...store }, scenario: { ...REPLACE, ...scenario }, ...rest };
}

export function recordedSubject(trace: Trace, more: Partial<RecordedSubject> = {}): RecordedSubject {
  const oracle = (): never => {
    throw new Error('verdicts are made by hand');
  };
  return {
    kind: 'recorded',
    trace,
    before: undefined,
    steps: [],
    oracle,
    sites: async () => ({ sites: new Map(), mismatches: [] }),
    ...more,
  };
}

/** What nobody asks for in a verdict that is made by hand. */
const FOUND = {
  promised: { acknowledged: {}, inFlight: [], earlier: [] },
  recovery: { load: { kind: 'loaded', value: {} } },
  left: [],
} as const;

/** The parts of a verdict that are the same for all models. */
export function verdictOn(tree: Tree, outcome: Outcome) {
  const sighting = { tree, looker: FRESH, judge: () => ({ outcome, promised: FOUND.promised }) };
  return { ...FOUND, outcome, sighting };
}

export function crashVerdict(subject: RecordedSubject, state: CrashState, outcome: Outcome): CrashVerdict {
  return { ...verdictOn(state.tree, outcome), case: crashCase(subject, state), run: undefined };
}

/** `parts`: the verdicts, and what the model adds for itself. */
export function exploredOf<Parts extends Pick<Explored, 'verdicts'>>(parts: Parts): Explored & Parts {
  return { unmeasured: [], doubts: [], points: parts.verdicts.length, notes: [], ...parts };
}

export function findingsOf(cell: Cell, subjects: Findings['subjects'], explored: Explored): Findings {
  return { cell, subjects, explored, tally: explored.tally ?? tallyOf(cell, explored.verdicts), likeness: {} };
}

export function resultOfCell(
  cell: Cell,
  subjects: Findings['subjects'],
  explored: Explored,
  options: Partial<CellOptions> = {},
): Promise<CheckedCell> {
  return cellResult(findingsOf(cell, subjects, explored), {
    durationMs: 0,
    effort: 'deep',
    allCases: false,
    replay: (id) => id,
    ...options,
  });
}
