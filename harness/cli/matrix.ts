/**
 * A run of the matrix, up to its result: what `crash-matrix run` and `runMatrix` have in common. Nothing is printed here.
 */
import type { Path } from '../domain/alike.ts';
import { limitsSchema } from '../domain/effort.ts';
import { UsageError } from '../domain/errors.ts';
import { parseFaultPattern } from '../domain/fault-pattern.ts';
import { oneOf } from '../domain/nearest.ts';
import type { Program } from '../domain/program.ts';
import type { Progress } from '../domain/progress.ts';
import type { Result } from '../domain/result.ts';
import { counted } from '../domain/words.ts';
import { joinedEvidence } from '../explain/evidence.ts';
import { VARIANTS } from '../models/all.ts';
import type { Cell } from '../models/model.ts';
import { placesOf, type Shard } from '../models/shards.ts';
import { foundIn, type RunOptions, runCells } from '../run.ts';
import { type CacheFlags, cacheNotes, openCellCache } from './cell-cache.ts';
import type { Output } from './output.ts';
import { type HowFlags, runOptions } from './run-options.ts';
import { type Session, withSession } from './session.ts';
import { filesNamed, sourcesIn } from './sources.ts';
import { selectCells } from './stores.ts';
import type { GivenTrace } from './trace-options.ts';

export interface MatrixFlags extends CacheFlags, HowFlags {
  readonly store: readonly string[];
  readonly scenario: readonly string[];
  readonly model: readonly string[];
  readonly strict: boolean;
  readonly shard?: Shard;
  /** In place of stores. */
  readonly program?: Program | undefined;
  /** In place of scenarios. */
  readonly given?: GivenTrace | undefined;
}

export interface Matrix {
  readonly session: Session;
  /** Those of the shard, where there is one. */
  readonly cells: readonly Cell[];
  /** In words, what was left out because nobody asked for it by name and it cannot be done here. */
  readonly leftOut: readonly string[];
  /** Runs these cells, all or some of `cells`, each of which must be possible here. */
  readonly run: (cells: readonly Cell[], how: MatrixRunOptions) => Promise<MatrixRun>;
}

interface MatrixRunOptions {
  /** What reports show of cases beside words. */
  readonly evidence?: boolean;
  readonly onProgress: (event: Progress) => void;
}

interface MatrixRun {
  readonly result: Result;
  /** What is to be said of the run beside its result: of each store, and of what was reused. */
  readonly notes: readonly string[];
}

interface MatrixSurroundings {
  /** Takes what is to be said before the run. */
  readonly note: Output['note'];
  /** Ends the work early: `InterruptedError`. */
  readonly stop?: AbortSignal;
  /** Takes the files that the stores are made of. */
  readonly onFiles?: (files: readonly string[]) => void;
}

/** Selects the cells, and has `work` run them while the session lasts. Throws as `selectCells` does. */
export function withMatrix<T>(
  asked: MatrixFlags,
  { note, stop, onFiles }: MatrixSurroundings,
  work: (matrix: Matrix) => Promise<T>,
): Promise<T> {
  // Nothing of a trace is killed, and no key of the cache holds it.
  const flags = asked.given === undefined ? asked : { ...asked, observe: true, cache: false };
  const models = modelsFor(flags);
  const said = new Map<string, Set<string>>();
  const onNote = (store: string, what: string): void => void said.set(store, (said.get(store) ?? new Set()).add(what));
  const onNotForked = (store: string, why: string): void => onNote(store, `Node is started again for each run, because ${why}`);
  return withSession(
    flags.recorder,
    async (session) => {
      if (session.refused.length > 0) note(whyThisRecorder(session));
      const selection = {
        stores: flags.store,
        scenarios: flags.scenario,
        models,
        holds: flags.strict ? 'all' : 'named',
        timeoutMs: flags.timeout * 1000,
        ...(onFiles && { onFiles }),
        program: flags.program,
        trace: flags.given,
      } as const;
      const now = Date.now();
      const { cells: all, leftOut } = await selectCells(session, selection, now);
      const places = flags.shard && placesOf(all, flags.shard);
      const run: Matrix['run'] = async (cells, { evidence = false, onProgress }) => {
        const options = runOptions(session, flags, evidence);
        const cache = openCellCache(session, flags, { ...options, now, notesOf: (store) => [...(said.get(store) ?? [])], onNote }, note);
        const result = await resultOf(session, cells, {
          ...options,
          cache,
          onProgress,
          onNotForked: (store, why) => onNote(store, `it is evaluated again for each recovery, because ${why}`),
          onAdded: (store, added) => onNote(store, addedWords(added)),
        });
        const ofStores = [...said].flatMap(([store, several]) => [...several].map((what) => `${store}: ${what}`));
        return {
          result: flags.shard && places ? { ...result, shard: { ...flags.shard, places } } : result,
          notes: [...ofStores, ...(cache === undefined ? [] : cacheNotes(cache, result.cells.length, session.cwd))],
        };
      };
      return work({ session, cells: places === undefined ? all : places.flatMap((place) => all[place] ?? []), leftOut, run });
    },
    { onNotForked, ...(stop && { stop }) },
  );
}

/** With `--fault`, models in which calls fail, and no others. Throws UsageError. */
function modelsFor({ model, fault }: MatrixFlags): readonly string[] {
  for (const text of fault) parseFaultPattern(text);
  if (fault.length === 0) return model;
  const failing = VARIANTS.filter((one) => one.model.tries === 'faults');
  const others = model.filter((name) => !failing.some((one) => one.name === name));
  if (others.length > 0)
    throw new UsageError(
      `--fault chooses failing calls, and in ${others.join(', ')} no call fails`,
      `Give it with ${oneOf(failing.map(({ name }) => `--model ${name}`))}, or with no --model.`,
    );
  return model.length > 0 ? model : failing.filter(({ profile }) => profile.byDefault).map(({ name }) => name);
}

function whyThisRecorder({ recorder, refused }: Session): string {
  const because = refused.map((better) => `${better.name} does not work here: ${better.because}`).join('; ');
  return `recorder: ${recorder.name}, because ${because}`;
}

function addedWords(added: readonly Path[]): string {
  const does = added.length === 1 ? 'does' : 'do';
  const names = added.map((path) => path.join('.')).join(', ');
  return `load adds ${counted(added.length, 'member')} to what was saved, which ${does} not count: ${names}`;
}

async function resultOf(session: Session, cells: readonly Cell[], options: RunOptions): Promise<Result> {
  const started = performance.now();
  const checked = await runCells(cells, options);
  const { allCases, effort } = options;
  const found = foundIn(checked, allCases);
  const evidence = joinedEvidence(checked.map((one) => one.evidence));
  return {
    schema: 'crash-matrix/1',
    version: session.installation.version,
    recorder: session.recorder.name,
    observed: effort.kills === 'observed',
    effort: effort.name,
    limits: limitsSchema.parse(effort),
    ...(effort.faults && { faults: [...effort.faults] }),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    seed: effort.seed,
    durationMs: performance.now() - started,
    ...found,
    ...(evidence && { evidence: { ...evidence, sources: sourcesIn(session.cwd, filesNamed(evidence, found.causes)) } }),
  };
}
