/** Runs the built-in stores on images, as the `power-cut` model does, and checks the cuts against the profiles. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInScenarios } from '../../scenarios/all.ts';
import type { Session } from '../cli/session.ts';
import { evenly } from '../domain/evenly.ts';
import { canonicalPath } from '../domain/names.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { Entry, Tree } from '../domain/trace.ts';
import { hashBytes, maskContents } from '../domain/tree.ts';
import { MODEL_NAMES } from '../models/all.ts';
import { cutRun, forcePoints } from '../models/power-cut/cut-run.ts';
import type { CutRun } from '../models/power-cut/cuts.ts';
import { PROFILE_OF } from '../models/power-cut/held-to.ts';
import { PROFILES } from '../persistence/profiles.ts';
import type { CellFile } from '../protocol/cell-file.ts';
import type { FileSystemName } from '../record/image/file-systems.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
import type { Templates } from '../record/image/templates.ts';
import { type Recording, record } from '../record/record.ts';
import type { RunRequest } from '../record/recorder.ts';
import { BUILT_IN_STORES } from '../store/catalogue.ts';
import { loadStore } from '../store/load.ts';
import { allows } from './allows.ts';
import { checkCuts } from './check-cuts.ts';
import type { KnownKind } from './known.ts';

export interface CalibratedStores {
  readonly cells: number;
  readonly cuts: number;
  readonly images: number;
  readonly trees: number;
  readonly known: ReadonlyMap<KnownKind, number>;
  readonly outside: readonly string[];
  /** Cells that could not be recorded or followed, and why. */
  readonly notChecked: readonly string[];
}

export const STORES = {
  all: BUILT_IN_STORES.map(({ name }) => name),
  few: ['rename-away', 'copy-then-replace', 'copy-then-replace-unsynced', 'in-place', 'hardened'],
};
const SCENARIOS = ['replace', 'reset', 'save-twice', 'rotate-often', 'large'];
const TIMEOUT_MS = 20_000;

export async function calibrateStores(
  session: Session,
  templates: Templates,
  fileSystems: readonly FileSystemName[],
  stores: readonly string[],
): Promise<Map<FileSystemName, CalibratedStores>> {
  const found = new Map<FileSystemName, Mutable<CalibratedStores>>();
  for (const name of fileSystems)
    found.set(name, { cells: 0, cuts: 0, images: 0, trees: 0, known: new Map(), outside: [], notChecked: [] });
  const { installation, workspace, recorder, cwd, env } = session;
  const now = Date.now();
  const scenarios = builtInScenarios(now);
  const outdir = workspace.directory('bundles');
  const options = { installation, outdir, cwd, env, scenarios, now, modelNames: MODEL_NAMES, timeoutMs: TIMEOUT_MS };
  for (const store of await Promise.all(stores.map((argument) => loadStore(argument, options)))) {
    for (const scenario of scenarios.filter(({ name }) => SCENARIOS.includes(name))) {
      const cell = `${store.name}/${scenario.name}`;
      const root = workspace.directory('cell');
      const cellFile = join(root, 'cell.json');
      const { before, steps, next } = scenario;
      writeFileSync(cellFile, JSON.stringify({ bundle: store.bundle, before, steps, next } satisfies CellFile));
      const prepare = (): Omit<RunRequest, 'plan'> => {
        const [directory, spool] = [workspace.directory('store'), workspace.directory('spool')];
        mkdirSync(spool, { recursive: true });
        return { args: [installation.workload, cellFile], directory, spool, env: { ...env, ...store.env }, timeoutMs: TIMEOUT_MS };
      };
      const recording = await record(recorder, { prepare, complaint: () => undefined });
      for (const [name, total] of found) {
        if (isNotMeasured(recording)) {
          total.notChecked = [...total.notChecked, `${cell}: ${recording.reason}`];
          continue;
        }
        const fileSystem = FILE_SYSTEMS[name];
        const request = { recorder, recording, fileSystem, template: await templates.of(fileSystem), prepare };
        const points = [undefined, ...evenly(forcePoints(recording.trace, fileSystem.forcings), MAX_POINTS)];
        const cutRuns = await Promise.all(points.map((force) => cutRun(request, force)));
        total.cells += 1;
        const cuts: { readonly boundary: number; readonly tree: Tree }[] = [];
        for (const run of cutRuns) {
          if (isNotMeasured(run)) {
            total.notChecked = [...total.notChecked, `${cell}: ${run.reason}`];
            continue;
          }
          const trees = run.trees.map(asRecorded(run, recording));
          const profile = PROFILES[PROFILE_OF[name]];
          total.cuts += run.cuts.length;
          total.images += run.trees.length;
          for (const { boundary, image } of run.cuts) {
            const readings = trees[image] ?? [];
            const tree = readings.length > 1 ? readings.find((reading) => allows(recording.trace, profile, boundary, reading)) : undefined;
            cuts.push({ boundary, tree: tree ?? readings[0] ?? new Map() });
          }
        }
        const result = checkCuts(PROFILES[PROFILE_OF[name]], recording.trace, cuts, false);
        total.trees += result.trees;
        total.outside = [...total.outside, ...result.outside.map((text) => `${cell} on ${name}: ${text}`)];
        const known = new Map(total.known);
        for (const [kind, count] of result.known) known.set(kind, (known.get(kind) ?? 0) + count);
        total.known = known;
      }
    }
  }
  return found;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** A long history has hundreds of boundaries to force something at; this many, evenly spread, are enough. */
const MAX_POINTS = 12;

/**
 * Translates a tree of another run to the recorded run: to its names, and to its contents where the two differ only in what varies from
 * run to run. Both runs have the same ops, one by one. If a file's whole contents vary, any recorded version may correspond to them:
 * then there are several readings.
 */
function asRecorded({ ops, pid }: CutRun, { trace, pid: recordedPid }: Recording): (tree: Tree) => readonly Tree[] {
  const names = new Map<string, string>();
  for (const [index, op] of ops.entries()) {
    const counterpart = trace.ops[index];
    if (counterpart === undefined) continue;
    names.set(op.path, counterpart.file.actual);
    if (op.to !== undefined && counterpart.to !== undefined) names.set(op.to.path, counterpart.to.actual);
  }
  const alike = new Map<string, FileEntry>();
  const madeUp = new Map<string, Map<string, FileEntry>>();
  for (const tree of new Set(trace.trees)) {
    for (const [actual, entry] of tree) {
      if (entry.kind !== 'file') continue;
      alike.set(hashBytes(maskContents(entry.bytes, recordedPid)), entry);
      const path = canonicalPath(actual, trace.variation.names);
      if (!trace.variation.contents.has(path) || entry.bytes.length === 0) continue;
      madeUp.set(path, (madeUp.get(path) ?? new Map<string, FileEntry>()).set(entry.hash, entry));
    }
  }
  const readingsOf = (name: string, entry: Entry): readonly Entry[] => {
    if (entry.kind !== 'file' || entry.bytes.length === 0) return [entry];
    const recorded = alike.get(hashBytes(maskContents(entry.bytes, pid)));
    if (recorded !== undefined) return [{ ...recorded, mode: entry.mode }];
    const versions = [...(madeUp.get(canonicalPath(name, trace.variation.names))?.values() ?? [])];
    return versions.length === 0 ? [entry] : versions.map((version) => ({ ...version, mode: entry.mode }));
  };
  // Files from before the recording that no op touched are in every tree, in the same sort order.
  const recordedNames = new Set(names.values());
  const untouched = [...(trace.trees[0]?.keys() ?? [])].filter((path) => !recordedNames.has(path)).sort();
  return (tree) => {
    const unknown = [...tree.keys()].filter((path) => !names.has(path)).sort();
    for (const [index, path] of unknown.entries()) names.set(path, untouched[index] ?? path);
    let readings: [string, Entry][][] = [[]];
    for (const [path, entry] of tree) {
      const name = names.get(path) ?? path;
      const choices = readingsOf(name, entry);
      readings = readings.flatMap((known) => choices.map((choice): [string, Entry][] => [...known, [name, choice]]));
    }
    return readings.map((entries) => new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
  };
}

type FileEntry = Entry & { readonly kind: 'file' };
