/**
 * The pipeline, for every model: scenario × store ─▶ record ─▶ explore ─▶ carry out ─▶ recover and judge ─▶ explain ─▶ findings.
 *
 * A model explores in as many rounds as it likes: it asks `judge` for verdicts on its cases, and what they are may lead to further cases (a
 * second fault, a crash in recovery). `only` names one case, and makes the same pipeline a replay.
 */
import type { Bench } from './bench/bench.ts';
import { isNotMeasured, type NotMeasured } from './domain/sighting.ts';
import { type Timed, untimed } from './domain/stages.ts';
import { likenessOf } from './judge/oracle.ts';
import type { Case, Cell, Explored, Findings, Judge } from './models/model.ts';
import { tallyOf } from './models/tally.ts';
import { type CarriedOut, recoverAndBelieve, type Unmeasured } from './recover/believe.ts';

export async function check(cell: Cell, open: Bench, only?: unknown, timed: Timed = untimed): Promise<Findings | NotMeasured> {
  const { model, store, scenario } = cell;
  const unfit = model.unfitFor?.(store);
  if (unfit !== undefined) return { reason: unfit };

  const bench: Bench = { ...open, recordRecovery: (tree, like) => timed('record', () => open.recordRecovery(tree, like)) };
  const subjects = await timed('record', () => model.subjects(cell, bench, only));
  if (isNotMeasured(subjects)) return subjects;

  const judge: Judge<Case, unknown> = async (cases, options) => {
    const { onDone, onRecovered } = progressOf(bench, cases.length);
    const carriedOut: readonly CaseOrDoubt[] = await timed('carry-out', () => model.carryOut(cases, bench, cell, onDone));
    const sighted = carriedOut.filter((one): one is CarriedOut<Case, unknown> => !isNotMeasured(one));
    const unmeasured = carriedOut.filter((one): one is Unmeasured<Case> => isNotMeasured(one));
    const believing = { store: store.name, next: scenario.next, ...options, onProgress: onRecovered, timed };
    const judged = await timed('recover', () => recoverAndBelieve(bench.recovery, sighted, believing)); // recover, judge, confirm
    return { verdicts: judged.verdicts, unmeasured: [...unmeasured, ...judged.unmeasured] };
  };
  const exploration = { cell, bench, judge, only };
  const explored = await timed('explore', () => model.explore(subjects, exploration));
  if (isNotMeasured(explored)) return explored;

  const explain = only === undefined ? model.explain : undefined;
  const explained: Explored = explain === undefined ? explored : await timed('explain', () => explain(explored, exploration));
  const tally = explained.tally ?? tallyOf(cell, explained.verdicts);
  return { cell, subjects, explored: explained, tally, likeness: likenessOf(bench) };
}

/** Cases are done when they were carried out or, if nothing had to run for them, when their trees were recovered. */
function progressOf(
  { onProgress }: Bench,
  of: number,
): { readonly onDone: (done: number) => void; readonly onRecovered: (done: number) => void } {
  onProgress({ kind: 'cell-recorded', points: of, states: of });
  let most = 0;
  const report = (done: number): void => {
    most = Math.max(most, Math.min(done, of));
    onProgress({ kind: 'state-judged', done: most, of });
  };
  return { onDone: report, onRecovered: report };
}

type CaseOrDoubt = CarriedOut<Case, unknown> | Unmeasured<Case>;
