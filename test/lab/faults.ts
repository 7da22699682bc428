/** Whole cells of io-error, for small stores that are written down as text: recorded, made to fail, judged and told. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Benches, openBenches } from '../../harness/bench/open-benches.ts';
import type { CheckedCell } from '../../harness/cell-result.ts';
import type { FaultCell } from '../../harness/check.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openWorkspace } from '../../harness/machine/workspace.ts';
import { faultId, parseFault } from '../../harness/models/io-error/fault-id.ts';
import { faultResult } from '../../harness/models/io-error/fault-result.ts';
import { checkFaults, type FaultFindings } from '../../harness/models/io-error/faults.ts';
import { createBindingRecorder } from '../../harness/record/binding/recorder.ts';
import { chooseRecorder } from '../../harness/record/choose.ts';
import { record } from '../../harness/record/record.ts';
import type { Recorder } from '../../harness/record/recorder.ts';
import { loadStore } from '../../harness/store/load.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { temporaryDirectory } from './temporary.ts';

const installation = findInstallation(import.meta.url);
const NOW = Date.UTC(2026, 10, 22);
const ENV = { PATH: process.env.PATH ?? '' };

/** One step: B over A, which are longer than a short write. */
export const REPLACE: Scenario = {
  name: 'replace',
  catches: '',
  before: [{ kind: 'save', value: { is: 'A'.repeat(50) } }],
  steps: [{ kind: 'save', value: { is: 'B'.repeat(50) } }],
  next: { is: 'next' },
};

/** The bodies of `save(text)` and, where it is another than that of `live`, of `load()`; `fs` and `at(name)` are known, and what `top` has. */
export interface FaultStore {
  readonly save: string;
  readonly load?: string;
  readonly top?: string;
}

export interface Checked extends CheckedCell {
  readonly found: FaultFindings;
  /** `@2~EMFILE` and the like -> outcome. */
  readonly outcomes: ReadonlyMap<string, string>;
}

export interface FaultCells {
  check(store: FaultStore | string, options?: CheckOptions): Promise<Checked>;
  close(): Promise<void>;
}

interface CheckOptions {
  readonly scenario?: Scenario | string;
  readonly profile?: 'windows';
  readonly recorder?: 'binding';
  readonly timeoutMs?: number;
  /** Tells every run op by op, as where calls overlap. */
  readonly whole?: true;
  /** As in `2~EMFILE`. */
  readonly named?: string;
}

export async function openFaultCells(): Promise<FaultCells> {
  const below = temporaryDirectory();
  const workspace = openWorkspace(below, process.pid);
  const binding = createBindingRecorder({ inFlight: 2 });
  const { recorder } = await chooseRecorder({ wanted: undefined, inFlight: 3, installation, cwd: below, env: ENV });
  const scenarios = builtInScenarios(NOW);
  let count = 0;
  const written = ({ save, load = `return JSON.parse(fs.readFileSync(at('live'), 'utf8'))`, top = '' }: FaultStore): LoadedStore => {
    count += 1;
    const bundle = join(below, `store-${count}.cjs`);
    writeFileSync(
      bundle,
      `const fs = require('node:fs'); let dir; const at = (name) => dir + '/' + name;\n${top}
       module.exports = {
         save: async (directory, value) => { dir = directory; const text = JSON.stringify(value); ${save} },
         load: async (directory) => { dir = directory; if (!fs.existsSync(at('.'))) return undefined; ${load} },
       };`,
    );
    return {
      name: `store-${count}`,
      argument: bundle,
      bundle,
      kind: 'module',
      hasUpdate: false,
      claims: {},
      knownBugs: {},
      scenarios,
      env: {},
    };
  };
  const outdir = join(workspace.root, 'stores');
  mkdirSync(outdir);
  const options = { installation, outdir, cwd: installation.root, env: ENV, scenarios, now: NOW, timeoutMs: 10_000 };
  const open = new Map<string, Benches>();
  const benchesFor = (its: Recorder, timeoutMs: number): Benches => {
    const key = `${its.name} ${timeoutMs}`;
    const rest = { observe: true, depth: 1, limit: 1000, seed: 1, timeoutMs, onProgress: () => {} } as const;
    const benches = open.get(key) ?? openBenches({ installation, workspace, recorder: its, cwd: below, env: ENV, ...rest });
    open.set(key, benches);
    return benches;
  };
  const run = async (
    store: LoadedStore,
    its: Recorder,
    { scenario: named = REPLACE, profile, timeoutMs = 10_000, whole, named: id }: CheckOptions,
  ) => {
    const scenario = typeof named === 'string' ? scenarios.find(({ name }) => name === named) : named;
    if (scenario === undefined) throw new Error(`no scenario ${String(named)}`);
    const cell: FaultCell = { model: 'io-error', ...(profile && { profile }), store, scenario, strict: false };
    const benches = benchesFor(its, timeoutMs);
    const bench = await benches.forScenario(store, scenario);
    try {
      const recording = await record(its, bench);
      if ('reason' in recording) throw new Error(recording.reason);
      const [, op = '', detail = ''] = /^(\d+)~(.*)$/.exec(id ?? '') ?? [];
      const made = whole ? { ...recording, overlaps: true } : recording;
      const found = await checkFaults(cell, bench, made, id === undefined ? undefined : parseFault(Number(op), detail, profile));
      if ('reason' in found) throw new Error(found.reason);
      const told = { observed: false, durationMs: 0, allCases: true, replay: (caseId: string) => caseId };
      const outcomes = new Map(found.verdicts.map(({ case: one, outcome }) => [faultId(one), outcome]));
      return { found, outcomes, ...faultResult(cell, found, { sites: new Map(), mismatches: [] }, told) };
    } finally {
      bench.dispose();
    }
  };
  return {
    check: async (store, its = {}) =>
      run(
        typeof store === 'string' ? await loadStore(store, options) : written(store),
        its.recorder === 'binding' ? binding : recorder,
        its,
      ),
    close: async () => {
      await Promise.all([binding.close(), recorder.close(), ...[...open.values()].map((benches) => benches.close())]);
      workspace.close();
      rmSync(below, { recursive: true, force: true });
    },
  };
}
