/**
 * Sets up what cells need: what their runs are started with, the processes that recover, and what cells of one store have in common.
 */
import { availableParallelism } from 'node:os';
import type { Bench, RecoveryRecordings } from '../check.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Progress } from '../domain/progress.ts';
import type { Scenario } from '../domain/scenario.ts';
import { treeKey } from '../domain/tree.ts';
import { fakeBench } from '../fake/fake-bench.ts';
import { Courses } from '../generate/course.ts';
import type { Installation } from '../machine/installation.ts';
import type { Workspace } from '../machine/workspace.ts';
import { Templates } from '../models/power-cut/templates.ts';
import type { LossOptions } from '../models/power-loss/loss-states.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
import { recordOnce } from '../record/record.ts';
import type { Recorder } from '../record/recorder.ts';
import { createRecoveryPool, type RecoveryPool } from '../recover/pool.ts';
import { recoveryOf, type StoreRecovery } from '../recover/recovery-of.ts';
import { ScenarioRuns } from './scenario-runs.ts';

export interface BenchOptions extends LossOptions {
  readonly installation: Installation;
  readonly workspace: Workspace;
  readonly recorder: Recorder;
  readonly cwd: string;
  /** The environment of children, without what a store asks for itself. */
  readonly env: { readonly [name: string]: string };
  readonly observe: boolean;
  readonly depth: Bench['depth'];
  readonly histories?: Bench['histories'];
  readonly preemptions?: Bench['preemptions'];
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
  readonly onProgress: (progress: Progress) => void;
}

export interface Benches {
  /** Everything for the cells of one store and scenario; `dispose` removes their directories. */
  forScenario(store: LoadedStore, scenario: Scenario): Promise<Bench & { readonly dispose: () => void }>;
  close(): Promise<void>;
}

export function openBenches(options: BenchOptions): Benches {
  const { workspace, installation, recorder, observe, depth, limit, seed, histories, preemptions, onProgress, timeoutMs, cwd } = options;
  const pools = new Map<string, RecoveryPool>();
  const recoveries = new Map<LoadedStore, Promise<StoreRecovery>>();
  const envOf = (store: LoadedStore): { [name: string]: string } => ({ ...options.env, ...store.env });
  const poolFor = (store: LoadedStore): RecoveryPool => {
    const env = envOf(store);
    const key = JSON.stringify(env);
    const known = pools.get(key);
    if (known !== undefined) return known;
    const pool = createRecoveryPool({ recoverer: installation.recoverer, cwd, env, workers: availableParallelism(), timeoutMs });
    pools.set(key, pool);
    return pool;
  };
  const recoveryFor = (store: LoadedStore): Promise<StoreRecovery> => {
    const known =
      recoveries.get(store) ??
      recoveryOf(
        store,
        poolFor(store),
        () => workspace.directory('recover'),
        () => workspace.directoryInMemory('recover'),
      );
    recoveries.set(store, known);
    return known;
  };
  const templates = new Templates(workspace.directory('images'), options.env.PATH ?? '');
  return {
    forScenario: async (store, scenario) => {
      const env = envOf(store);
      const runs = new ScenarioRuns(store, scenario, { workspace, installation, env, timeoutMs });
      const { prepare, prepareOn, prepareFaults, prepareLast, prepareRace, makeDirectory, complaint, dispose } = runs;
      const recovery = await recoveryFor(store);
      const recoveries = rememberingRecoveries((tree, recording) =>
        recordOnce(recorder, { prepare: () => runs.prepareRecovery(tree), complaint }, recording.trace),
      );
      const cutsOn: Bench['cutsOn'] = async (name) => {
        const fileSystem = FILE_SYSTEMS[name];
        return { recorder, fileSystem, template: await templates.of(fileSystem), prepare };
      };
      const courses = new Courses(store, scenario.next, { recorder, recovery, complaint, prepareOn });
      const fake = fakeBench(store, runs.root, { installation, cwd, env, timeoutMs });
      const flags = { observe, depth, limit, seed, histories, preemptions, onProgress };
      const prepared = { prepare, prepareOn, prepareFaults, prepareLast, prepareRace, makeDirectory, complaint, dispose };
      return { recorder, recovery, recoveries, courses, fake, cutsOn, ...flags, ...prepared };
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

function rememberingRecoveries(record: RecoveryRecordings['record']): RecoveryRecordings {
  const recorded = new Map<string, ReturnType<RecoveryRecordings['record']>>();
  return {
    isRecorded: (tree) => recorded.has(treeKey(tree)),
    record: (tree, recording) => {
      const key = treeKey(tree);
      const known = recorded.get(key) ?? record(tree, recording);
      recorded.set(key, known);
      return known;
    },
  };
}
