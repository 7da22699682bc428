/**
 * From sightings to believed verdicts: the one place where trees are recovered and losses confirmed, for every model.
 *
 *   sightings ─▶ recovered by a few warm processes, each distinct tree once
 *             ─▶ again by fresh ones, if a warm process remembered another directory
 *             ─▶ judged: a case is as bad as its worst sighting
 *             ─▶ losses confirmed: of those of one kind the first and the last by processes that have done nothing else; if one of the
 *                two is something else, all of that kind. Of a store's losses that ended alike the first is confirmed by a process that
 *                is started. What a forked one does not confirm is left to one that is started
 *
 * See decision records 0004, 0010, 0018 and 0024.
 */
import { UsageError } from '../domain/errors.ts';
import { setTimes } from '../domain/file-times.ts';
import { groupedBy } from '../domain/grouped.ts';
import type { RecoveredTree } from '../domain/recovery.ts';
import { type Found, isNotMeasured, type Judgement, type NotMeasured, promisedOf, type Sighting } from '../domain/sighting.ts';
import { type Timed, untimed } from '../domain/stages.ts';
import type { Json } from '../domain/trace.ts';
import { listFiles, scanTree } from '../domain/tree.ts';
import { inTime, treeFor } from '../domain/tree-times.ts';
import { isLoss } from '../judge/outcome.ts';
import type { StoreRecovery } from './recovery-of.ts';

/** A case that was carried out. `Run` is what its model wants to report of it. */
export interface CarriedOut<Case, Run> {
  readonly case: Case;
  readonly run: Run;
  /** At least one. Where several are losses, the first counts. */
  readonly sightings: readonly Sighting[];
  /** Losses that share it, their outcome and how load and save ended are believed together. */
  readonly kind: string;
  /** Carries the case out by itself, where several shared a process. */
  readonly alone?: () => Promise<CarriedOut<Case, Run> | NotMeasured>;
}

/** A case with its worst sighting. */
export interface Verdict<Case, Run> extends Judgement, Found {
  readonly case: Case;
  readonly run: Run;
  readonly sighting: Sighting;
}

/** A case that could not be judged. */
export interface Unmeasured<Case> extends NotMeasured {
  readonly case: Case;
}

export interface Judged<Case, Run> {
  readonly verdicts: readonly Verdict<Case, Run>[];
  readonly unmeasured: readonly Unmeasured<Case>[];
}

export interface BelieveOptions {
  /** The store's name, for errors. */
  readonly store: string;
  /** What recovery saves next. */
  readonly next: Json;
  /** False while a search only looks for a case that it confirms afterwards. Default: true. */
  readonly confirm?: boolean;
  readonly onProgress?: (done: number) => void;
  /** Measures how long it takes to confirm. */
  readonly timed?: Timed;
}

/** Verdicts in the order of the cases. Throws UsageError if the store loads what is not JSON. */
export async function recoverAndBelieve<Case, Run>(
  recovery: StoreRecovery,
  cases: readonly CarriedOut<Case, Run>[],
  options: BelieveOptions,
): Promise<Judged<Case, Run>> {
  const all = await recovery.controlled((which) => recoverAll(recovery, cases, options, which === 'first' ? 'where they are' : 'copied'));
  const pairs = all.filter((one): one is Pair<Case, Run> => !isNotMeasured(one));
  const unclear = all.filter((one): one is Unmeasured<Case> => isNotMeasured(one));
  if (options.confirm === false) return { verdicts: pairs.map(([verdict]) => verdict), unmeasured: unclear };
  const { timed = untimed } = options;
  const { verdicts, unmeasured } = await timed('confirm', () => believe(recovery, pairs, options));
  return { verdicts, unmeasured: [...unclear, ...unmeasured] };
}

type Pair<Case, Run> = readonly [Verdict<Case, Run>, CarriedOut<Case, Run>];

/** A directory can be recovered once. `copied`: the trees, wherever they are. */
async function recoverAll<Case, Run>(
  recovery: StoreRecovery,
  cases: readonly CarriedOut<Case, Run>[],
  { store, next, onProgress = () => {} }: BelieveOptions,
  how: 'where they are' | 'copied',
): Promise<(Pair<Case, Run> | Unmeasured<Case>)[]> {
  const sightings = cases.flatMap((one) => one.sightings);
  const given = givenBy(recovery, next);
  const inDirectory = (sighting: Sighting): boolean => how === 'where they are' && sighting.directory !== undefined;
  const trees = sightings.filter((sighting) => sighting.seen === undefined && !inDirectory(sighting));
  const directories = sightings.filter(inDirectory);
  let done = 0;
  const found = new Map<Sighting, Found>();
  const counts = new Map<string, number>();
  const isNext = ({ saves }: Sighting): boolean => saves === undefined && recovery.givenBy === undefined;
  const groups = groupedBy(trees, (sighting) => (isNext(sighting) ? '' : JSON.stringify(given(sighting))));
  await Promise.all([
    ...[...groups].map(async ([key, alike]) => {
      const [first] = alike;
      const recovered = await recovery.recoverTrees(
        alike.map(({ tree, timeOf }) => treeFor(recovery, tree, timeOf)),
        first === undefined ? next : given(first),
        (count) => {
          counts.set(key, count);
          onProgress(done + [...counts.values()].reduce((sum, one) => sum + one, 0));
        },
      );
      for (const [index, sighting] of alike.entries()) found.set(sighting, mustBe(recovered[index]));
    }),
    ...directories.map(async (sighting) => {
      const { directory = '', timeOf } = sighting;
      if (recovery.readsTimes && timeOf !== undefined) setTimes(directory, inTime(scanTree(directory), timeOf));
      const recovered = await recovery.recover(directory, given(sighting));
      found.set(sighting, { recovery: recovered, left: recovered.lookedBy === undefined ? listFiles(directory) : [] });
      done += 1;
      onProgress(done);
    }),
  ]);
  return cases.map((one) => {
    const verdict = verdictOf(store, one, (sighting) => found.get(sighting));
    return isNotMeasured(verdict) ? { case: one.case, reason: verdict.reason } : [verdict, one];
  });
}

/** What the process that looks at a sighting is given. */
function givenBy(recovery: StoreRecovery, next: Json): (sighting: Sighting) => Json {
  return (sighting) => sighting.saves ?? recovery.givenBy?.(promisedOf(sighting)) ?? next;
}

async function believe<Case, Run>(
  recovery: StoreRecovery,
  pairs: readonly Pair<Case, Run>[],
  options: BelieveOptions,
): Promise<Judged<Case, Run>> {
  const confirmed = new Map<Verdict<Case, Run>, Promise<Verdict<Case, Run> | NotMeasured>>();
  const confirm = ([verdict, carriedOut]: Pair<Case, Run>): Promise<Verdict<Case, Run> | NotMeasured> => {
    const known = confirmed.get(verdict) ?? confirmAlone(recovery, carriedOut, options, verdict);
    confirmed.set(verdict, known);
    return known;
  };
  const doubted = new Set<Pair<Case, Run>>();
  await Promise.all(
    kindsOfLosses(pairs).map(async (alike) => {
      const ends = [...new Set([alike[0], alike.at(-1)])].filter((pair) => pair !== undefined);
      const answers = await Promise.all(ends.map(async (pair) => outcomeOf(await confirm(pair)) === pair[0].outcome));
      if (answers.includes(false)) for (const pair of alike) doubted.add(pair);
    }),
  );
  const verdicts: Verdict<Case, Run>[] = [];
  const unmeasured: Unmeasured<Case>[] = [];
  for (const pair of pairs) {
    const sure = doubted.has(pair) ? await confirm(pair) : pair[0];
    if (isNotMeasured(sure)) unmeasured.push({ case: pair[0].case, reason: sure.reason });
    else verdicts.push(sure);
  }
  return { verdicts, unmeasured };
}

/** The case once more, in a process of its own where it shared one, and looked at by processes that have done nothing else. */
async function confirmAlone<Case, Run>(
  recovery: StoreRecovery,
  shared: CarriedOut<Case, Run>,
  { store, next }: BelieveOptions,
  believed: Verdict<Case, Run>,
): Promise<Verdict<Case, Run> | NotMeasured> {
  const alone = shared.alone === undefined ? shared : await shared.alone();
  if (isNotMeasured(alone)) return alone;
  const given = givenBy(recovery, next);
  const lookAgain = async (kind?: string): Promise<Verdict<Case, Run> | NotMeasured> => {
    const found = new Map<Sighting, Found>();
    await Promise.all(
      alone.sightings.map(async (sighting) => {
        if (sighting.seen === undefined)
          found.set(sighting, {
            recovery: await recovery.confirm(treeFor(recovery, sighting.tree, sighting.timeOf), given(sighting), kind),
            left: believed.left,
          });
      }),
    );
    return verdictOf(store, alone, (sighting) => found.get(sighting));
  };
  const again = await lookAgain(answerKind(believed));
  // A forked process may agree. Only one that was started may say otherwise.
  return outcomeOf(again) === believed.outcome ? again : lookAgain();
}

/** How load and save ended, and what that means. */
const answerKind = ({ outcome, recovery: { load, save, secondLoad } }: Verdict<unknown, unknown>): string =>
  [outcome, load.kind, save?.kind, secondLoad?.kind].join();

const outcomeOf = (answer: Judgement | NotMeasured): string | undefined => ('outcome' in answer ? answer.outcome : undefined);

/** Losses that went alike, together, in their order. */
function kindsOfLosses<Case, Run>(pairs: readonly Pair<Case, Run>[]): (readonly Pair<Case, Run>[])[] {
  const losses = pairs.filter(([{ outcome }]) => isLoss(outcome));
  return [...groupedBy(losses, ([verdict, { kind }]) => [answerKind(verdict), kind, verdict.sighting.looker.who].join()).values()];
}

/** The first sighting that shows a loss. A file that others could read counts only where nothing was lost. What one of them cannot tell, none can. */
function verdictOf<Case, Run>(
  store: string,
  { case: its, run, sightings }: CarriedOut<Case, Run>,
  foundIn: (sighting: Sighting) => RecoveredTree | undefined,
): Verdict<Case, Run> | NotMeasured {
  const verdicts = sightings.map((sighting): Verdict<Case, Run> => {
    const found = sighting.seen === undefined ? mustBe(foundIn(sighting)) : { recovery: sighting.seen, left: [] };
    mustLoadJson(store, found);
    return { case: its, run, sighting, ...found, ...sighting.judge(found) };
  });
  const losses = verdicts.filter(({ outcome }) => isLoss(outcome));
  const unclear = verdicts.map(({ recovery: { load } }) => load).find(({ kind }) => kind === 'unclear');
  if (unclear?.kind === 'unclear') return { reason: unclear.why };
  return mustBe(losses.find(({ outcome }) => outcome !== 'exposed') ?? losses[0] ?? verdicts[0]);
}

function mustLoadJson(store: string, { recovery: { load } }: Found): void {
  if (load.kind !== 'not-json') return;
  throw new UsageError(
    `load of store ${store} returned ${load.what}, which is not JSON`,
    'It must return a value like the one that save was given.',
  );
}

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('every sighting has an answer, and every case a sighting');
  return value;
}
