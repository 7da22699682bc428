/**
 * Opens benches: the directories of one store and scenario, the processes that recover, and what cells of one store have in common.
 */
import { dirname } from 'node:path';
import type { Path } from '../domain/alike.ts';
import type { Effort } from '../domain/effort.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { once } from '../domain/once.ts';
import type { Program } from '../domain/program.ts';
import type { Progress } from '../domain/progress.ts';
import type { Scenario } from '../domain/scenario.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { Tree } from '../domain/trace.ts';
import { treeKey } from '../domain/tree.ts';
import { fakeBench } from '../fake/fake-bench.ts';
import { Executions } from '../generate/executions.ts';
import { usableCores } from '../machine/cores.ts';
import type { Installation } from '../machine/installation.ts';
import type { Workspace } from '../machine/workspace.ts';
import { Templates } from '../record/image/templates.ts';
import type { Outside } from '../record/outside.ts';
import { recordOnce } from '../record/record.ts';
import type { Recorder } from '../record/recorder.ts';
import { createRecoveryPool, type RecoveryPool } from '../recover/pool.ts';
import { programRecovery } from '../recover/program-recovery.ts';
import { recoveryOf, type StoreRecovery } from '../recover/recovery-of.ts';
import type { Bench } from './bench.ts';
import { type OutsideWatch, watchOutside } from './outside-watch.ts';
import { ProgramRuns, startOf } from './program-runs.ts';
import { type RecordedScenario, type RecordOptions, recordScenario } from './recorded.ts';
import { ScenarioRuns } from './scenario-runs.ts';
import { sitesOfRun } from './sites-of-run.ts';
import type { Run } from './workload-runs.ts';

export interface BenchOptions {
  readonly installation: Installation;
  readonly workspace: Workspace;
  readonly recorder: Recorder;
  /** Knows which source line asked for an op. */
  readonly siteRecorder: Recorder;
  readonly cwd: string;
  /** The environment of children, without what a store asks for itself. */
  readonly env: { readonly [name: string]: string };
  readonly effort: Effort;
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
  readonly onProgress: (progress: Progress) => void;
  /** Called once for each store whose recoveries would be faster when forked, and cannot be. */
  readonly onNotForked?: (store: string, why: string) => void;
  /** Called once for a store whose load adds members to what was saved. */
  readonly onAdded?: (store: string, added: readonly Path[]) => void;
  /** Has it watched what stores use outside of their directories; returns the scenarios that a store goes through. */
  readonly watched?: (store: LoadedStore) => readonly Scenario[];
}

export interface Benches {
  /** Lends `work` everything for the cells of one store and scenario. Their directories are removed afterwards. */
  forScenario<T>(store: LoadedStore, scenario: Scenario, work: (bench: Bench) => Promise<T>): Promise<T>;
  /** What the processes of a store have used outside of its directory. For stores that are watched. */
  usedOutside(store: LoadedStore): Promise<Outside>;
  close(): Promise<void>;
}

export function openBenches(options: BenchOptions): Benches {
  const { workspace, installation, siteRecorder, effort, onProgress, timeoutMs, cwd, watched } = options;
  const pools = new Map<string, RecoveryPool>();
  const recoveries = new Map<LoadedStore, Promise<StoreRecovery>>();
  const outside = watched && { directory: workspace.directory('outside'), own: [...workspace.roots, dirname(installation.recoverer)] };
  const watches = new Map<LoadedStore, OutsideWatch>();
  const envOf = (store: LoadedStore): { [name: string]: string } => ({ ...options.env, ...store.env });
  const poolFor = (store: LoadedStore): RecoveryPool => {
    const env = envOf(store);
    const key = JSON.stringify(env);
    const known = pools.get(key);
    if (known !== undefined) return known;
    const { recoverer, recoveryServer } = installation;
    const pool = createRecoveryPool({
      recoverer,
      recoveryServer,
      cwd,
      env,
      workers: usableCores(),
      timeoutMs,
      ...(outside && { outside }),
    });
    pools.set(key, pool);
    return pool;
  };
  const starts = new Map<LoadedStore, Promise<Tree>>();
  const startFor = (store: LoadedStore, program: Program): Promise<Tree> => {
    const known = starts.get(store) ?? startOf(program, () => workspace.directory('setup'), { env: envOf(store), timeoutMs });
    starts.set(store, known);
    return known;
  };
  const recoveryOfProgram = async (store: LoadedStore, program: Program): Promise<StoreRecovery> =>
    programRecovery(program, {
      start: await startFor(store, program),
      makeDirectory: () => workspace.directoryInMemory('check'),
      env: envOf(store),
      timeoutMs,
      lanes: usableCores(),
    });
  const recoveryOfStore = async (store: LoadedStore): Promise<StoreRecovery> => {
    const recovery = await recoveryOf(
      store,
      poolFor(store),
      () => workspace.directory('recover'),
      () => workspace.directoryInMemory('recover'),
      (why) => options.onNotForked?.(store.name, why),
    );
    if (recovery.adds.length > 0) options.onAdded?.(store.name, recovery.adds);
    return recovery;
  };
  const recoveryFor = (store: LoadedStore): Promise<StoreRecovery> => {
    const { program } = store;
    const known = recoveries.get(store) ?? (program === undefined ? recoveryOfStore(store) : recoveryOfProgram(store, program));
    recoveries.set(store, known);
    return known;
  };
  const watchOf = (store: LoadedStore): OutsideWatch | undefined => {
    if (watched === undefined || outside === undefined) return undefined;
    const known = watches.get(store);
    if (known !== undefined) return known;
    const watch = watchOutside(store, {
      recorder: options.recorder,
      scenarios: watched(store),
      survey: installation.survey,
      env: envOf(store),
      makeDirectory: () => workspace.directory('survey'),
      notes: outside.directory,
      own: outside.own,
    });
    watches.set(store, watch);
    return watch;
  };
  const templates = new Templates(workspace.directory('images'), options.env.PATH ?? '');
  return {
    forScenario: async (store, scenario, work) => {
      const env = envOf(store);
      const watch = watchOf(store);
      const recorder = watch?.recorder ?? options.recorder;
      const runs = new ScenarioRuns(store, scenario, { workspace, installation, env, timeoutMs });
      const { prepareOn, prepareLast, prepareRace, makeDirectory } = runs;
      const { program } = store;
      const own = program && new ProgramRuns(program, await startFor(store, program), runs.root, { env, timeoutMs });
      const { prepare, prepareFaults, prepareQuit, complaint } = own ?? runs;
      const recordings: RecordedScenario[] = [];
      try {
        const recovery = await recoveryFor(store);
        const common = { store, scenario, recorder, siteRecorder, cwd, recovery, prepare, prepareFaults, complaint };
        const recordedBy = (own: Partial<RecordOptions>): RecordedScenario['subject'] => {
          const recording = recordScenario({ ...common, ...own });
          recordings.push(recording);
          return recording.subject;
        };
        return await work({
          ...common,
          effort: program === undefined ? effort : { ...effort, crashes: 1, recoveries: 0 }, // a check changes nothing that could be crashed
          onProgress,
          prepareOn,
          prepareLast,
          prepareQuit,
          prepareRace,
          makeDirectory,
          recorded: once(() => recordedBy({})),
          recordedWith: (prepared) => recordedBy({ prepare: prepared, mayDoNothing: true }),
          recordRecovery: remembered(async (tree, like) => {
            const prepare = (): Run => runs.prepareRecovery(tree);
            const trace = await recordOnce(recorder, { prepare, complaint }, like);
            return isNotMeasured(trace) ? trace : { ...trace, sites: once(() => sitesOfRun(common, trace, prepare)) };
          }),
          executions: new Executions(store, scenario.next, { recorder, recovery, complaint, prepareOn }),
          fake: fakeBench(store, runs.root, {
            installation,
            cwd,
            env,
            timeoutMs,
            isSlow: recovery.isSlow,
            ...(watch && { onBundled: watch.note }),
          }),
          image: (fileSystem) => templates.of(fileSystem),
        });
      } finally {
        await Promise.all(recordings.map(({ idle }) => idle)); // their runs still use their directories
        runs.dispose();
      }
    },
    usedOutside: async (store) => {
      const watch = watchOf(store);
      if (watch === undefined) throw new Error(`nobody watches the store ${store.name}`);
      return watch.used();
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

function remembered(record: Bench['recordRecovery']): Bench['recordRecovery'] {
  const recorded = new Map<string, ReturnType<Bench['recordRecovery']>>();
  return (tree, like) => {
    const key = treeKey(tree);
    const known = recorded.get(key) ?? record(tree, like);
    recorded.set(key, known);
    return known;
  };
}
