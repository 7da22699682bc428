/** Stores with bugs that take several steps to show, and benches on which their histories run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../../harness/bench/bench.ts';
import { openBenches } from '../../harness/bench/open-benches.ts';
import { storeWith } from '../../harness/benchmarks/stores.ts';
import type { HistoryCell } from '../../harness/generate/check-histories.ts';
import { HISTORIES_PER_CELL } from '../../harness/generate/draw.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openWorkspace, RUN_VARIABLE } from '../../harness/machine/workspace.ts';
import { STATES_PER_CELL } from '../../harness/models/power-loss/loss-space.ts';
import { chooseRecorder } from '../../harness/record/choose.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { loadedStore } from '../recover/recovering.ts';

/** No bug. */
export const SOUND = storeWith({});

/** Nothing is forced to disk. */
export const UNSYNCED = SOUND.replaceAll('fs.fsyncSync(', 'void (');

/** A save of what is there already is skipped, whoever wrote it and whether or not it is on disk: a crash before the fsync, then that save. */
export const SKIPS_UNSYNCED = storeWith({
  save: 'if (JSON.stringify(read(dir)) !== JSON.stringify(value)) replace(dir, value);',
});

/** A process that has loaded saves no second session. */
export const FORGETS_AFTER_LOAD = storeWith({
  top: 'let loaded = false;',
  load: 'loaded = true; return read(dir);',
  save: `if (!loaded || value['agent:main:b'] === undefined) replace(dir, value);`,
});

/** A read that fails passes for an empty store. */
export const READS_NOTHING = storeWith({
  top: 'const tried = (dir) => { try { return read(dir); } catch { return {}; } };',
  load: 'return tried(dir);',
  update: 'replace(dir, change(tried(dir)));',
});

/** An update of an empty store fails. */
export const REJECTS = storeWith({
  update: `if (isEmpty(read(dir))) throw new Error('nothing to update'); replace(dir, change(read(dir)));`,
});

export interface StoreBench {
  readonly bench: Bench;
  cell(choice: { readonly model: 'process-kill' } | Extract<HistoryCell, { model: 'power-loss' }>['profile']): HistoryCell;
  close(): Promise<void>;
}

interface StoreBenchOptions {
  readonly recorder?: string;
  readonly seed?: number;
  readonly histories?: number;
}

/** `root` is an existing, empty directory. */
export async function openStoreBench(root: string, source: string, options: StoreBenchOptions = {}): Promise<StoreBench> {
  const { seed = 1, histories = HISTORIES_PER_CELL } = options;
  writeFileSync(join(root, 'store.cjs'), source);
  mkdirSync(join(root, 'work'));
  const installation = findInstallation(import.meta.url);
  const workspace = openWorkspace(join(root, 'work'), process.pid);
  const env = { PATH: process.env.PATH ?? '', [RUN_VARIABLE]: workspace.id };
  const chosen = await chooseRecorder({ wanted: options.recorder, inFlight: 4, installation, cwd: root, env });
  const store = { ...loadedStore(join(root, 'store.cjs')), hasUpdate: true };
  const [scenario] = builtInScenarios(0).filter((one) => one.histories);
  if (scenario === undefined) throw new Error('there are histories');
  const benches = openBenches({
    installation,
    workspace,
    recorder: chosen.recorder,
    cwd: root,
    env,
    observe: true,
    depth: 1,
    histories,
    limit: STATES_PER_CELL,
    seed,
    timeoutMs: 10_000,
    onProgress: () => {},
  });
  const { dispose, ...bench } = await benches.forScenario(store, scenario);
  return {
    bench,
    cell: (choice) => ({
      ...(typeof choice === 'string' ? { model: 'power-loss', profile: choice } : choice),
      store,
      scenario,
      strict: true,
    }),
    close: async () => {
      dispose();
      await benches.close();
      await chosen.recorder.close();
      workspace.close();
    },
  };
}
