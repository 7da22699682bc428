/**
 * Sets up what cells need: their directories, the file that tells children what to do, and the processes that recover.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bench, Cell } from './check.ts';
import type { CellFile } from './child/cell-file.ts';
import type { Installation } from './installation.ts';
import type { Progress } from './progress.ts';
import type { Recorder, RunRequest } from './record/recorder.ts';
import { createRecoveryPool, type RecoveryPool } from './recover/pool.ts';
import { recoveryOf, type StoreRecovery } from './recover/recovery-of.ts';
import type { LoadedStore } from './store/loaded.ts';
import type { Workspace } from './workspace.ts';

export interface BenchOptions {
  readonly installation: Installation;
  readonly workspace: Workspace;
  readonly recorder: Recorder;
  readonly cwd: string;
  /** The environment of children, without what a store asks for itself. */
  readonly env: { readonly [name: string]: string };
  readonly observe: boolean;
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
  readonly onProgress: (progress: Progress) => void;
}

export interface Benches {
  /** Everything for one cell; `dispose` removes its directories. */
  forCell(cell: Cell): Promise<Bench & { readonly dispose: () => void }>;
  close(): Promise<void>;
}

/** V8's helper threads only cost time in a process that lives for a few milliseconds. */
const FEWER_THREADS = ['--v8-pool-size=0'];

export function openBenches(options: BenchOptions): Benches {
  const { workspace, installation, recorder, observe, onProgress, timeoutMs, cwd } = options;
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
    const known = recoveries.get(store) ?? recoveryOf(store, poolFor(store), () => workspace.directory('recover'));
    recoveries.set(store, known);
    return known;
  };
  return {
    forCell: async ({ store, scenario }) => {
      const root = workspace.directory(`${store.name}-${scenario.name}`);
      const { before, steps, next } = scenario;
      const cellFile = join(root, 'cell.json');
      writeFileSync(cellFile, JSON.stringify({ bundle: store.bundle, before, steps, next } satisfies CellFile));
      let directories = 0;
      const makeDirectory = (): string => {
        directories += 1;
        const directory = join(root, String(directories), 'store');
        mkdirSync(dirname(directory)); // fails when the workspace is gone: an interrupted run must not bring it back
        mkdirSync(directory);
        return directory;
      };
      const prepare = (): Omit<RunRequest, 'plan'> => {
        const directory = makeDirectory();
        const spool = join(directory, '..', 'spool');
        mkdirSync(spool);
        const args = [...FEWER_THREADS, installation.workload, cellFile];
        return { args, directory, spool, env: envOf(store), timeoutMs: timeoutMs * (before.length + steps.length + 1) };
      };
      const dispose = (): void => rmSync(root, { recursive: true, force: true, maxRetries: 3 });
      return { recorder, recovery: await recoveryFor(store), observe, onProgress, prepare, makeDirectory, complaint, dispose };
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
