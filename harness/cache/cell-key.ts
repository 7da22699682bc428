/**
 * The key of a cell: everything that is known before it runs and that can change it. What its processes open besides is known only
 * afterwards, and is kept with it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cellName } from '../domain/case-id.ts';
import type { Effort } from '../domain/effort.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { modelName } from '../domain/model-names.ts';
import type { Scenario } from '../domain/scenario.ts';
import { treeKey } from '../domain/tree.ts';
import { heldTo } from '../models/held.ts';
import type { Cell } from '../models/model.ts';
import { hashOf, hashOfFile } from './hashes.ts';
import type { Parts } from './surroundings.ts';

export interface CellKey {
  /** The cell's own name; cells of several keys share it. */
  readonly cell: string;
  readonly parts: Parts;
  readonly key: string;
}

export interface KeyOptions {
  readonly surroundings: Parts;
  readonly effort: Effort;
  readonly timeoutMs: number;
  readonly allCases: boolean;
  readonly replay: (cell: Cell, id: string) => string;
  /** The time by which values are dated, in ms. */
  readonly now: number;
}

/** A case id with all that a command may say of one. */
const ANY_CASE = '@0~tree=0';

export function cellKey(cell: Cell, { surroundings, effort, timeoutMs, allCases, replay, now }: KeyOptions): CellKey {
  const { store, scenario } = cell;
  const name = cellName(cell);
  const parts: Parts = {
    ...surroundings,
    'how much is tried': JSON.stringify(effort),
    'time limit': String(timeoutMs),
    report: `${allCases ? 'all cases' : 'violations'} ${replay(cell, `${name}${ANY_CASE}`)}`,
    claims: JSON.stringify([factsOf(store), heldTo(cell).heldBy]),
    store: bundleHash(store),
    scenario: hashOf(scenarioText(scenario, now)),
    model: modelName(cell),
  };
  return { cell: name, parts, key: keyOf(parts) };
}

export const keyOf = (parts: Parts): string => hashOf(JSON.stringify(Object.entries(parts).sort()));

/** The names of the parts in which two keys differ. */
export function differences(one: Parts, other: Parts): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => one[name] !== other[name]);
}

/** What the store says of itself. Its scenarios count only where they run. */
function factsOf({ bundle: _, scenarios: __, ...facts }: LoadedStore): object {
  return facts;
}

const hashes = new WeakMap<LoadedStore, string>();

/** The bundle, its map and its sources: reports name lines of the source. */
function bundleHash(store: LoadedStore): string {
  const known = hashes.get(store);
  if (known !== undefined) return known;
  const map = `${store.bundle}.map`;
  const files = [store.bundle, map, ...sourcesOf(map)];
  const hash = hashOf(JSON.stringify(files.map(hashOfSource)));
  hashes.set(store, hash);
  return hash;
}

function sourcesOf(map: string): string[] {
  if (!existsSync(map)) return [];
  const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { readonly sources: readonly string[] };
  return sources.map((source) => resolve(dirname(map), source));
}

function hashOfSource(path: string): string {
  try {
    return hashOfFile(path);
  } catch {
    return 'none'; // a module that the bundler made up
  }
}

/** Values are dated shortly before each run. The date counts only as far as it differs from that. */
const DATED_WITHIN_MS = 60_000;

function scenarioText(scenario: Scenario, now: number): string {
  const { files, ...rest } = scenario;
  const steps = JSON.stringify(rest, (_, value: unknown) =>
    typeof value === 'number' && Math.abs(value - now) <= DATED_WITHIN_MS ? { beforeTheRun: now - value } : value,
  );
  return files === undefined ? steps : `${steps}\n${JSON.stringify(files.holds)}\n${treeKey(files.tree)}`;
}
