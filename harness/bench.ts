/**
 * Sets up what cells need: their directories, the file that tells children what to do, and the processes that recover.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bench, FaultRequest, RecoveryRecordings } from './check.ts';
import type { CellFile } from './child/cell-file.ts';
import type { TaskFile } from './child/task-file.ts';
import type { LossOptions } from './explore/loss-states.ts';
import { Templates } from './explore/power-cut/templates.ts';
import { fakeBench } from './fake/fake-bench.ts';
import type { Installation } from './installation.ts';
import { Courses } from './judge/histories/course.ts';
import type { Progress } from './progress.ts';
import { FILE_SYSTEMS } from './record/image/file-systems.ts';
import { recordOnce } from './record/record.ts';
import type { Recorder, RunRequest } from './record/recorder.ts';
import { createRecoveryPool, type RecoveryPool } from './recover/pool.ts';
import { recoveryOf, type StoreRecovery } from './recover/recovery-of.ts';
import type { Scenario } from './scenario/define.ts';
import type { LoadedStore } from './store/loaded.ts';
import type { Tree } from './trace.ts';
import { buildTree, treeKey } from './tree.ts';
import type { Workspace } from './workspace.ts';

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

/** V8's helper threads only cost time in a process that lives for a few milliseconds. */
const FEWER_THREADS = ['--v8-pool-size=0'];

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
      const root = workspace.directory(`${store.name}-${scenario.name}`);
      const { before, steps, tasks, next } = scenario;
      const writeCellFile = (name: string, cell: Omit<CellFile, 'bundle'>): string => {
        const file = join(root, name);
        writeFileSync(file, JSON.stringify({ bundle: store.bundle, ...cell } satisfies CellFile));
        return file;
      };
      const cellFile = writeCellFile('cell.json', { before, steps, next });
      const recoveryFile = writeCellFile('recovery.json', { before: [], steps: [{ kind: 'save', value: next }], next, loads: true });
      let directories = 0;
      const directoryBelow = (where: string): string => {
        directories += 1;
        const directory = join(where, String(directories), 'store');
        mkdirSync(dirname(directory)); // fails when the workspace is gone: an interrupted run must not bring it back
        mkdirSync(directory);
        return directory;
      };
      const makeDirectory = (): string => directoryBelow(root);
      const runOf = (file: string, calls: number, where = root): Omit<RunRequest, 'plan'> => {
        const directory = directoryBelow(where);
        const spool = join(directory, '..', 'spool');
        mkdirSync(spool);
        const args = [...FEWER_THREADS, installation.workload, file];
        return { args, directory, spool, env: envOf(store), timeoutMs: timeoutMs * calls };
      };
      const prepare = (): Omit<RunRequest, 'plan'> => runOf(cellFile, before.length + steps.length + 1);
      // In memory, where an fsync takes no time: what these runs wait for is most of what they take.
      const memoryRoot = workspace.directoryInMemory(`${store.name}-${scenario.name}`);
      let others = 0;
      const prepareOn: Bench['prepareOn'] = (tree, calls) => {
        others += 1;
        const run = runOf(writeCellFile(`calls-${others}.json`, { before: [], steps: calls, next }), calls.length + 1, memoryRoot);
        buildTree(tree, run.directory);
        return run;
      };
      const [faultFile, windowsFile] = [
        writeCellFile('faults.json', { before, steps, next }),
        writeCellFile('faults-windows.json', { before, steps, next, platform: 'win32' }),
      ];
      const taskFiles = (tasks ?? []).map(({ steps }, task) => {
        const file = join(root, `task-${task}.json`);
        writeFileSync(file, JSON.stringify({ bundle: store.bundle, task, steps } satisfies TaskFile));
        return file;
      });
      const prepareRace: Bench['prepareRace'] = (tree) => {
        const directory = makeDirectory();
        buildTree(tree, directory);
        const notes = join(directory, '..', 'notes');
        mkdirSync(notes);
        const calls = 1 + Math.max(0, ...(tasks ?? []).map(({ steps }) => steps.length)); // one more: somebody may wait for the others
        const args = taskFiles.map((file) => [...FEWER_THREADS, installation.taskWorkload, file]);
        return { tasks: args, directory, notes, env: envOf(store), timeoutMs: timeoutMs * calls };
      };
      // In memory, where an fsync takes no time: what it takes on a disk is most of what these runs do.
      const faultRoot = workspace.directoryInMemory(`${store.name}-${scenario.name}-faults`);
      const faultSpool = join(faultRoot, 'spool');
      mkdirSync(faultSpool);
      let faultRuns = 0;
      const faultRunsOf = (file: string, runs: number, tree: Tree): FaultRequest => {
        const directories = Array.from({ length: runs }, () => {
          faultRuns += 1;
          const directory = join(faultRoot, String(faultRuns));
          mkdirSync(directory);
          buildTree(tree, directory);
          return directory;
        });
        const args = [...FEWER_THREADS, installation.faultWorkload, file];
        return { args, directories, spool: faultSpool, env: envOf(store), timeoutMs };
      };
      const prepareFaults: Bench['prepareFaults'] = (runs, platform) =>
        faultRunsOf(platform === undefined ? faultFile : windowsFile, runs, new Map());
      const prepareLast: Bench['prepareLast'] = ({ tree, before, step }) => {
        others += 1;
        const file = writeCellFile(`last-${others}.json`, { before, steps: [step], next });
        return {
          prepare: () => {
            const run = runOf(file, before.length + 2);
            buildTree(tree, run.directory);
            return run;
          },
          prepareFaults: (runs) => faultRunsOf(file, runs, tree),
        };
      };
      const recoveries = rememberingRecoveries((tree, recording) => {
        const prepareRecovery = (): Omit<RunRequest, 'plan'> => {
          const run = runOf(recoveryFile, 3);
          buildTree(tree, run.directory);
          return run;
        };
        return recordOnce(recorder, { prepare: prepareRecovery, complaint }, recording.trace);
      });
      const cutsOn: Bench['cutsOn'] = async (name) => {
        const fileSystem = FILE_SYSTEMS[name];
        return { recorder, fileSystem, template: await templates.of(fileSystem), prepare };
      };
      const dispose = (): void => {
        for (const directory of [root, memoryRoot, faultRoot]) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
      };
      const recovery = await recoveryFor(store);
      const courses = new Courses(store, next, { recorder, recovery, complaint, prepareOn });
      const fake = fakeBench(store, root, { installation, cwd, env: envOf(store), timeoutMs });
      const own = {
        fake,
        prepare,
        prepareFaults,
        prepareOn,
        prepareLast,
        prepareRace,
        makeDirectory,
        complaint,
        recoveries,
        courses,
        cutsOn,
        dispose,
      };
      return { recorder, recovery, observe, depth, limit, seed, histories, preemptions, onProgress, ...own };
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** What the workload that ran in this directory complained of: see `child/workload.ts`. */
function complaint(directory: string): string | undefined {
  try {
    return readFileSync(`${directory}.complaint`, 'utf8');
  } catch {
    return undefined;
  }
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
