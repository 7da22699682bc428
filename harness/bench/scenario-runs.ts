/**
 * What the runs of one store and scenario are started with: an empty directory or a copy of a tree, a spool beside it, and the file
 * with what the child is to do.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { Tree } from '../domain/trace.ts';
import { buildTree } from '../domain/tree.ts';
import type { Installation } from '../machine/installation.ts';
import { discard, type Workspace } from '../machine/workspace.ts';
import type { CellFile } from '../protocol/cell-file.ts';
import type { QuitFile } from '../protocol/quit-file.ts';
import type { TaskFile } from '../protocol/task-file.ts';
import type { WarmServer } from '../record/warm-server.ts';
import type { Bench } from './bench.ts';
import type { FaultRequest, Run } from './workload-runs.ts';

export interface ScenarioRunsOptions {
  readonly workspace: Workspace;
  readonly installation: Installation;
  readonly env: { readonly [name: string]: string };
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
}

/** V8's helper threads only cost time in a process that lives for a few milliseconds. */
const FEWER_THREADS = ['--v8-pool-size=0'];

/** Its functions are given away one by one, as what a bench offers. */
export class ScenarioRuns {
  readonly root: string;
  /** In memory, where an fsync takes no time: what runs that are not killed wait for is most of what they take. */
  readonly #memory: string;
  readonly #store: LoadedStore;
  readonly #scenario: Scenario;
  readonly #options: ScenarioRunsOptions;
  #directories = 0;
  #files = 0;

  constructor(store: LoadedStore, scenario: Scenario, options: ScenarioRunsOptions) {
    const name = `${store.name}-${scenario.name}`;
    this.root = options.workspace.directory(name);
    this.#memory = options.workspace.directoryInMemory(name);
    this.#store = store;
    this.#scenario = scenario;
    this.#options = options;
  }

  /** What the scenario's first step finds. */
  get #start(): Tree {
    return this.#scenario.files?.tree ?? new Map();
  }

  /** The steps, after a load where there are files that it may migrate. */
  get #recorded(): Pick<CellFile, 'before' | 'steps' | 'loadsFirst'> {
    const { before, steps, files } = this.#scenario;
    return { before, steps, ...(files && { loadsFirst: true }) };
  }

  readonly dispose = (): void => discard(this.root, this.#memory);

  readonly makeDirectory = (): string => this.#directoryBelow(this.root);

  readonly prepare: Bench['prepare'] = () => {
    const { before, steps, loadsFirst } = this.#recorded;
    const calls = before.length + steps.length + (loadsFirst ? 2 : 1);
    return withTree(this.#start, this.#run(this.#cellFile(this.#recorded), calls));
  };

  readonly prepareQuit: Bench['prepareQuit'] = (quit, asked) => {
    const { before, steps, next } = this.#scenario;
    const { timeoutMs } = this.#options;
    const file = this.#file({
      bundle: this.#store.bundle,
      ...this.#apart,
      before,
      steps,
      next,
      quit,
      asked,
      withinMs: timeoutMs,
    } satisfies QuitFile);
    const { warm: _, ...run } = this.#run(file, before.length + steps.length + 1);
    return { ...run, args: [...FEWER_THREADS, this.#options.installation.quitWorkload, file] };
  };

  /** Recovery from a tree, as a run of its own: a load, then the next save. */
  readonly prepareRecovery = (tree: Tree): Run => {
    const file = this.#cellFile({ before: [], steps: [{ kind: 'save', value: this.#scenario.next }], loads: true });
    return withTree(tree, this.#run(file, 3));
  };

  readonly prepareOn: Bench['prepareOn'] = (tree, calls, loadsFirst = false) => {
    const file = this.#cellFile({ before: [], steps: calls, ...(loadsFirst && { loadsFirst }) });
    return withTree(tree, this.#run(file, calls.length + 2, this.#memory));
  };

  readonly prepareFaults: Bench['prepareFaults'] = (runs, platform) =>
    this.#faults(this.#cellFile({ ...this.#recorded, ...(platform && { platform }) }), runs, this.#start, platform === undefined);

  readonly prepareLast: Bench['prepareLast'] = ({ tree, before, step }) => {
    const cell = { before, steps: [step] };
    const file = this.#cellFile(cell);
    return {
      prepare: () => withTree(tree, this.#run(file, before.length + 2)),
      prepareFaults: (runs, platform) =>
        this.#faults(this.#cellFile({ ...cell, ...(platform && { platform }) }), runs, tree, platform === undefined),
    };
  };

  readonly prepareRace: Bench['prepareRace'] = (tree, tasks) => {
    const { installation, env, timeoutMs } = this.#options;
    const directory = this.makeDirectory();
    buildTree(tree, directory);
    const notes = join(directory, '..', 'notes');
    mkdirSync(notes);
    const calls = 1 + Math.max(0, ...tasks.map(({ steps }) => steps.length)); // one more: somebody may wait for the others
    const files = tasks.map(({ steps }, task) => this.#file({ bundle: this.#store.bundle, task, steps } satisfies TaskFile));
    const args = [...FEWER_THREADS, installation.taskWorkload];
    return {
      args,
      tasks: files,
      directory,
      notes,
      spool: this.#sharedSpool(),
      env,
      timeoutMs: timeoutMs * calls,
      ...this.#warm('Node', {}),
    };
  };

  /** What the workload that ran in this directory complained of: see `child/workload.ts`. */
  readonly complaint: Bench['complaint'] = (directory) => {
    try {
      return readFileSync(`${directory}.complaint`, 'utf8');
    } catch {
      return undefined;
    }
  };

  #directoryBelow(where: string): string {
    this.#directories += 1;
    const directory = join(where, String(this.#directories), 'store');
    mkdirSync(dirname(directory)); // fails when the workspace is gone: an interrupted run must not bring it back
    mkdirSync(directory);
    return directory;
  }

  /** One for many runs, which have most contents in common. */
  #sharedSpool(): string {
    const spool = join(this.#memory, 'spool');
    mkdirSync(spool, { recursive: true });
    return spool;
  }

  readonly #known = new Map<string, string>();

  /** A file with this in it; the same one for the same. */
  #file(content: object): string {
    const text = JSON.stringify(content);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#files += 1;
    const file = join(this.root, `${this.#files}.json`);
    writeFileSync(file, text);
    this.#known.set(text, file);
    return file;
  }

  get #apart(): Pick<CellFile, 'apart'> {
    return this.#store.readsTimes ? { apart: true } : {};
  }

  #cellFile(cell: Omit<CellFile, 'bundle' | 'next'>): string {
    return this.#file({ bundle: this.#store.bundle, ...this.#apart, ...cell, next: this.#scenario.next } satisfies CellFile);
  }

  /** `calls`: loads and saves, each of which may take as long as the limit says. */
  #run(file: string, calls: number, where = this.root): Run {
    const { installation, env, timeoutMs } = this.#options;
    const directory = this.#directoryBelow(where);
    const spool = join(directory, '..', 'spool');
    mkdirSync(spool);
    const args = [...FEWER_THREADS, installation.workload, file];
    return { args, directory, spool, env, timeoutMs: timeoutMs * calls, ...this.#warm('store', { cellFile: file }) };
  }

  /** Many runs in one process: a directory for each, and one spool. Not `forked` where the import must see another platform. */
  #faults(file: string, runs: number, tree: Tree, forked: boolean): FaultRequest {
    const { installation, env, timeoutMs } = this.#options;
    const spool = this.#sharedSpool();
    const directories = Array.from({ length: runs }, () => {
      const directory = this.#directoryBelow(this.#memory);
      buildTree(tree, directory);
      return directory;
    });
    const args = [...FEWER_THREADS, installation.faultWorkload, file];
    return { args, directories, spool, env, timeoutMs, ...(forked && this.#warm(runs === 1 ? 'store' : 'Node', { cellFile: file })) };
  }

  /** Forked with the store evaluated already, or from a Node without it. Stores that are commands start a process for each call anyway. */
  #warm<Of extends object>(from: 'store' | 'Node', of: Of): { readonly warm?: WarmServer & Of } {
    const { name, kind, bundle } = this.#store;
    if (kind !== 'module') return {};
    return { warm: { server: this.#options.installation.forkServer, ...(from === 'store' && { store: { name, bundle } }), ...of } };
  }
}

function withTree(tree: Tree, run: Run): Run {
  buildTree(tree, run.directory);
  return run;
}
