/**
 * Oracles of recorded runs: they know what had been promised at every boundary, and judge what was found in a tree that was on disk there.
 */
import { type Likeness, type Path, parsePath } from '../domain/alike.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Loaded } from '../domain/recovery.ts';
import type { Found, Judgement } from '../domain/sighting.ts';
import type { Contract } from '../domain/store.ts';
import type { Json, Promised, Step, Trace, Tree } from '../domain/trace.ts';
import { exposure } from './exposed.ts';
import { type FirstSave, firstSaveOf } from './first-save.ts';
import { isLoss, judgeRecovery, type OracleOptions } from './outcome.ts';
import { promisedAfter, valueAfterNext, valuesAfter } from './promise.ts';

/** Knows what had been promised after `op` ops, and judges what was found in a tree that was on disk then. `saved`: by recovery, if not `next`. */
export type Oracle = (op: number, tree: Tree, found: Found, saved?: Json) => Judgement;

/** What a bench knows of its store and scenario. */
interface Judged {
  readonly store: {
    readonly kind: LoadedStore['kind'];
    readonly empty?: Json;
    readonly abilities: { readonly contract: Contract };
    readonly ignore: readonly string[];
  };
  readonly scenario: { readonly next: Json };
  /** `whenFresh`: what load does on a directory that no save has touched. */
  readonly recovery: { readonly whenFresh: Loaded; readonly adds: readonly Path[] };
}

export function oracleOptions({ store, scenario: { next }, recovery }: Judged): OracleOptions {
  const { empty, abilities, kind } = store;
  const { whenFresh } = recovery;
  return {
    next,
    contract: abilities.contract,
    likeness: likenessOf({ store, recovery }),
    ...(kind === 'program' && { isChecked: true }),
    throwsWhenFresh: whenFresh.kind === 'threw',
    ...(empty !== undefined && { empty }),
  };
}

/** What a loaded value may differ in from the one that was saved. */
export const likenessOf = ({
  store: { ignore },
  recovery: { adds },
}: {
  readonly store: Pick<Judged['store'], 'ignore'>;
  readonly recovery: Pick<Judged['recovery'], 'adds'>;
}): Likeness => ({
  adds,
  ignore: ignore.map(parsePath),
});

/** What an oracle knows of a run. */
interface Course {
  readonly promisedAt: (op: number) => Promised;
  /** Of a boundary: finds the file of a tree that other users can read although they could not read the one that it replaces. */
  readonly exposureAt: (op: number) => ((tree: Tree) => string | undefined) | undefined;
  readonly firstSave: FirstSave;
}

/** Of a run of these steps; `before` is what was stored before the first. */
export function oracleOfSteps(trace: Trace, before: Json | undefined, steps: readonly Step[], options: OracleOptions): Oracle {
  const values = valuesAfter(steps, before);
  return oracleOf({ promisedAt: (op) => promisedAfter(trace, op, before, values), ...ofOneProcess(trace) }, options);
}

/** A first crash that lost nothing. */
interface FirstCrash {
  readonly recovery: { readonly load: Loaded };
  readonly promised: Promised;
}

/**
 * Of a recovery after a first crash: it loads, and saves `options.next`. What it loaded stays promised. A value that the first crash took
 * back counts as an earlier value.
 */
export function oracleOfRecovery(trace: Trace, { recovery: { load }, promised: first }: FirstCrash, options: OracleOptions): Oracle {
  const loaded = load.kind === 'loaded' ? load.value : undefined;
  const { earlier, acknowledgedBefore = earlier, acknowledged, inFlight } = first;
  const promisedAt = (op: number): Promised => {
    const promised = promisedAfter(trace, op, loaded, [valueAfterNext(options.next, loaded, options.contract)]);
    return {
      ...promised,
      earlier: [...earlier, acknowledged, ...inFlight, ...promised.earlier],
      acknowledgedBefore: [...acknowledgedBefore, acknowledged, loaded],
    };
  };
  return oracleOf({ promisedAt, ...ofOneProcess(trace) }, options);
}

function ofOneProcess(trace: Trace): Pick<Course, 'exposureAt' | 'firstSave'> {
  const exposed = exposure(trace);
  return { exposureAt: () => exposed, firstSave: firstSaveOf(trace, trace.marks.find(({ kind }) => kind === 'resolved')?.afterOp) };
}

export function oracleOf({ promisedAt, exposureAt, firstSave: { isOwn, standsUntil } }: Course, options: OracleOptions): Oracle {
  const whileItStands: OracleOptions = { ...options, isOwn };
  return (op, tree, found, next = options.next) => {
    const promised = promisedAt(op);
    const outcome = judgeRecovery(promised, found.recovery, { ...(op <= standsUntil ? whileItStands : options), next });
    const exposed = isLoss(outcome) ? undefined : exposureAt(op)?.(tree);
    return exposed === undefined ? { promised, outcome } : { promised, outcome: 'exposed', exposed };
  };
}
