/**
 * Cells of stores that are written down as text: a directory with a workspace, a recorder and benches, as a run has them.
 *
 *   lab.store(source) ─▶ lab.on(store, …, (cells) => cells.check({ model: 'io-error', only: '@2~EMFILE' }))
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../../harness/bench/bench.ts';
import { type Benches, openBenches } from '../../harness/bench/open-benches.ts';
import { type CheckedCell, cellResult } from '../../harness/cell-result.ts';
import { check } from '../../harness/check.ts';
import { EFFORTS, type Effort } from '../../harness/domain/effort.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import { findInstallation, type Installation } from '../../harness/machine/installation.ts';
import { openWorkspace, type Workspace } from '../../harness/machine/workspace.ts';
import { MODEL_NAMES, modelNamed } from '../../harness/models/all.ts';
import type { Cell, Explored, Findings } from '../../harness/models/model.ts';
import { chooseRecorder, startSiteRecorder } from '../../harness/record/choose.ts';
import type { Recorder } from '../../harness/record/recorder.ts';
import { scenarioFor } from '../../harness/scenario/contracts.ts';
import { stopBundling } from '../../harness/store/bundle.ts';
import { loadStore } from '../../harness/store/load.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { SAVES } from './abilities.ts';
import { isForkServer, processesWith } from './processes.ts';
import { temporaryDirectory } from './temporary.ts';

const NOW = Date.UTC(2026, 10, 22);
const SCENARIOS = builtInScenarios(NOW);
const TIMEOUT_MS = 10_000;
const EFFORT: Effort = { name: 'deep', ...EFFORTS.deep, kills: 'observed', recoveries: 0, seed: 1 };
/** Marks every process that a lab starts, so that one which is left behind is seen. */
const MARK = 'CRASH_TEST_LAB';

export interface LabOptions {
  /** By name; default: the best that works here. */
  readonly recorder?: string;
  readonly inFlight?: number;
}

export interface LabScenario {
  /** `replace` and the like, or one of the test's own. */
  readonly scenario: Scenario | string;
  readonly effort?: Partial<Effort>;
  readonly timeoutMs?: number;
}

/** What is checked of a store and scenario. */
export interface Wanted {
  /** As for `--model`: `power-loss:xfs`. */
  readonly model: string;
  /** One case, by what its id has after the model: `@2~EMFILE`. */
  readonly only?: string;
  readonly heldBy?: 'strict';
}

/** The cells of one store and scenario, on one bench. */
export interface LabCells {
  readonly bench: Bench;
  /** `E`: what the named model finds. `on`: a bench that differs in something. Throws if nothing could be measured. */
  check<E extends Explored = Explored>(wanted: Wanted, on?: Bench): Promise<Findings<E>>;
  /** The lines of all cases in the report. */
  result(findings: Findings): Promise<CheckedCell>;
}

export interface Lab {
  readonly root: string;
  readonly installation: Installation;
  readonly workspace: Workspace;
  readonly recorder: Recorder;
  /** The environment of all its processes. */
  readonly env: { readonly [name: string]: string };
  /** A store of this source: a CommonJS module. */
  store(source: string, facts?: Partial<LoadedStore>): LoadedStore;
  builtIn(name: string): Promise<LoadedStore>;
  on<T>(store: LoadedStore, what: LabScenario, work: (cells: LabCells) => Promise<T>): Promise<T>;
  /** The ids of its processes without fork servers: those that record stay until it is closed. */
  processes(): number[];
  close(): Promise<void>;
}

/** What is known of a store that claims nothing. */
export function loadedStore(bundle: string, facts: Partial<LoadedStore> = {}): LoadedStore {
  return {
    name: 'store',
    argument: bundle,
    bundle,
    kind: 'module',
    readsTimes: false,
    abilities: SAVES,
    ignore: [],
    claims: {},
    knownBugs: {},
    scenarios: [],
    env: {},
    ...facts,
  };
}

let labs = 0;

export async function openLab({ recorder: wanted, inFlight = 4 }: LabOptions = {}): Promise<Lab> {
  labs += 1;
  const mark = `${process.pid}.${labs}`;
  const root = temporaryDirectory();
  const env = { PATH: process.env.PATH ?? '', [MARK]: mark };
  const installation = findInstallation(import.meta.url);
  const cwd = installation.root;
  const workspace = openWorkspace(root, process.pid);
  const { recorder } = await chooseRecorder({ wanted, inFlight, installation, cwd, env });
  const siteRecorder = recorder.takesStacks ? recorder : await startSiteRecorder({ inFlight: 1, installation, cwd, env });
  const outdir = join(root, 'stores');
  mkdirSync(outdir);
  const open = new Map<string, Benches>();
  let stores = 0;

  const benchesFor = (effort: Effort, timeoutMs: number): Benches => {
    const key = JSON.stringify([effort, timeoutMs]);
    const machine = { installation, workspace, recorder, siteRecorder, cwd, env };
    const benches = open.get(key) ?? openBenches({ ...machine, effort, timeoutMs, onProgress: () => {} });
    open.set(key, benches);
    return benches;
  };

  return {
    root,
    installation,
    workspace,
    recorder,
    env,
    store: (source, facts) => {
      stores += 1;
      const bundle = join(outdir, `store-${stores}.cjs`);
      writeFileSync(bundle, source);
      return loadedStore(bundle, { name: `store-${stores}`, ...facts });
    },
    builtIn: (name) => {
      const options = { installation, outdir, cwd, env, scenarios: SCENARIOS, now: NOW, modelNames: MODEL_NAMES, timeoutMs: TIMEOUT_MS };
      return loadStore(name, options);
    },
    on: (store, { scenario: named, effort, timeoutMs = TIMEOUT_MS }, work) => {
      const scenario = typeof named === 'string' ? scenarioNamed(named, store) : named;
      const costly = effort?.histories === undefined ? {} : { costlyHistories: effort.histories };
      return benchesFor({ ...EFFORT, ...costly, ...effort }, timeoutMs).forScenario(store, scenario, (bench) => work(cellsOn(bench)));
    },
    processes: () => processesWith(MARK, mark).filter((pid) => !isForkServer(pid)),
    close: async () => {
      await Promise.all([...open.values()].map((benches) => benches.close()));
      await Promise.all([...new Set([recorder, siteRecorder])].map((one) => one.close()));
      await stopBundling();
      workspace.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function cellsOn(bench: Bench): LabCells {
  return {
    bench,
    check: async <E extends Explored>(wanted: Wanted, on = bench) => {
      const cell = cellOf(bench, wanted);
      const findings = await check(cell, on, onlyOf(cell, wanted.only));
      if (isNotMeasured(findings)) throw new Error(findings.reason);
      return findings as Findings<E>; // the test names the model, and so what it finds
    },
    result: (findings) => cellResult(findings, { durationMs: 0, effort: 'deep', allCases: true, replay: (id) => id }),
  };
}

function cellOf({ store, scenario }: Bench, { model: variant, heldBy }: Wanted): Cell {
  const [name = '', profile] = variant.split(':');
  return { store, scenario, model: modelNamed(name), ...(profile !== undefined && { profile }), ...(heldBy && { heldBy }) };
}

/** As for `replay`. */
function onlyOf({ model, profile }: Cell, id: string | undefined): unknown {
  if (id === undefined) return undefined;
  const [, op = '', detail = ''] = /^@(\d+)(?:~(.+))?$/.exec(id) ?? [];
  const named: unknown = model.id.read(Number(op), detail, profile);
  if (named === undefined) throw new Error(`${id} names no case of ${model.name}`);
  return named;
}

/** In the form of the store's contract. */
function scenarioNamed(name: string, { abilities }: LoadedStore): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  const form = found && scenarioFor(found, abilities);
  if (form === undefined) throw new Error(`there is no scenario ${name} for this store`);
  return form;
}
