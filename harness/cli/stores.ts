/** From the command line's words to stores, scenarios and cells. */

import { builtInScenarios } from '../../scenarios/all.ts';
import { UnavailableError, UsageError } from '../domain/errors.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { modelName } from '../domain/model-names.ts';
import { didYouMean } from '../domain/nearest.ts';
import type { Program } from '../domain/program.ts';
import type { Scenario } from '../domain/scenario.ts';
import { MODEL_NAMES, MODELS, VARIANTS, type Variant, variantsNamed } from '../models/all.ts';
import type { Cell } from '../models/model.ts';
import { BUILT_IN_STORES } from '../store/catalogue.ts';
import { loadStore } from '../store/load.ts';
import { programStore } from '../store/program-store.ts';
import { whatIsMissing } from './available.ts';
import type { Session } from './session.ts';
import { checkedStore, type GivenTrace, tracedStore } from './trace-options.ts';

/** A short limit for loads and saves says nothing about how long a file takes to be imported, in ms. */
const LEAST_TO_LOAD_MS = 10_000;
/** Files that are imported at the same time: more would only make each slower. */
const LOADED_AT_ONCE = 3;

export interface Selection {
  /** Names of built-in stores, or files; empty: all built-in stores. */
  readonly stores: readonly string[];
  /** Empty: all that each store supports. */
  readonly scenarios: readonly string[];
  /** As in `power-loss` or `power-loss:xfs`; empty: those that need no root. */
  readonly models: readonly string[];
  /** Where stores are held to claims that are otherwise only shown: on profiles that `models` names, on all, on none. */
  readonly holds: 'named' | 'all' | 'none';
  readonly timeoutMs: number;
  /** Takes the files that stores are made of. */
  readonly onFiles?: (files: readonly string[]) => void;
  /** In place of stores. */
  readonly program?: Program | undefined;
  /** In place of the scenarios: of the one store that is named, or of a check. */
  readonly trace?: GivenTrace | undefined;
}

/** What of a session says which cells there are. */
type Chooser = Pick<Session, 'installation' | 'workspace' | 'machine' | 'cwd' | 'env'>;

/** Cells, and in words what was left out of them because nobody asked for it by name and it cannot be done here. */
interface Selected {
  readonly cells: readonly Cell[];
  readonly leftOut: readonly string[];
}

/** The cells that were asked for, store by store. Throws `UsageError` for a name that nobody knows. */
export async function selectCells(session: Chooser, selection: Selection, now: number): Promise<Selected> {
  const isDefault = selection.models.length === 0;
  const variants = isDefault ? VARIANTS.filter(({ profile }) => profile.byDefault) : [...new Set(selection.models.flatMap(knownVariants))];
  const builtIn = builtInScenarios(now);
  const stores = await chosenStores(session, selection, { now, scenarios: builtIn });
  const { recorder } = session.machine;
  if (selection.program !== undefined && !recorder.programs)
    throw new UnavailableError(`a program can only be run under the ptrace recorder, and this is ${recorder.name}`);
  const twice = stores.find(({ name }, index) => stores.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    throw new UsageError(`two stores are named "${twice.name}"`, 'Give one of them another name: defineStore({ name: … }).');
  checkScenarios(selection.scenarios, stores, builtIn);
  const wanted = (scenario: Scenario): boolean => selection.scenarios.length === 0 || selection.scenarios.includes(scenario.name);
  const cells = stores.flatMap((store) =>
    store.scenarios.filter(wanted).flatMap((scenario) =>
      variants
        .filter(({ model }) => scenario.recorded === undefined || model.ofTrace)
        .filter(({ model, profile }) => model.appliesTo(scenario, profile) && (!isDefault || (model.byDefaultOn?.(scenario) ?? true)))
        .map((variant): Cell => ({ model: variant.model, profile: variant.profile.name, store, scenario, ...askedOf(variant, selection) })),
    ),
  );
  const reasons = new Map(cells.map((cell) => [cell, isDefault ? notByDefault(cell, session) : undefined]));
  const chosen = cells.filter((cell) => reasons.get(cell) === undefined);
  if (selection.program !== undefined) mustFitProgram(chosen);
  if (chosen.length === 0) throw new UsageError(nothingToRun(selection));
  return { cells: chosen, leftOut: [...new Set([...reasons.values()].filter((reason) => reason !== undefined))] };
}

async function chosenStores(
  session: Chooser,
  selection: Selection,
  common: Pick<LoadChoice, 'now' | 'scenarios'>,
): Promise<readonly LoadedStore[]> {
  const { program, trace } = selection;
  if (program !== undefined) return [programStore(program)];
  if (trace?.check !== undefined) return [checkedStore(trace, session.cwd)];
  const names = selection.stores.length === 0 ? BUILT_IN_STORES.map(({ name }) => name) : [...new Set(selection.stores)];
  const stores: LoadedStore[] = [];
  for (let at = 0; at < names.length; at += LOADED_AT_ONCE) {
    const some = names.slice(at, at + LOADED_AT_ONCE);
    stores.push(...(await Promise.all(some.map((name) => load(session, name, { ...selection, ...common })))));
  }
  return trace === undefined ? stores : stores.map((store) => tracedStore(trace, store));
}

/** Whoever names a profile wants to know whether the claim holds there. */
function askedOf({ name }: Variant, { models, holds }: Selection): Pick<Cell, 'heldBy'> {
  if (holds !== 'none' && models.includes(name)) return { heldBy: 'name' };
  return holds === 'all' ? { heldBy: 'strict' } : {};
}

/** What was asked for by name, and no program can do, is a mistake: it would be measured nowhere. */
function mustFitProgram(cells: readonly Cell[]): void {
  for (const { model, store } of cells) {
    const unfit = model.unfitFor?.(store);
    if (unfit !== undefined) throw new UsageError(`a program cannot be run under ${model.name}: ${unfit}`);
  }
}

/** Why a cell that nobody asked for by its model is left out. */
function notByDefault(cell: Cell, { machine }: Chooser): string | undefined {
  const missing = whatIsMissing(cell, machine);
  if (missing !== undefined) return `${modelName(cell)} is left out, because it ${missing}`;
  const unfit = cell.model.unfitFor?.(cell.store);
  return unfit === undefined ? undefined : `${cell.model.name} is left out for ${cell.store.name}, because ${unfit}`;
}

function nothingToRun({ scenarios, models, trace }: Selection): string {
  if (trace !== undefined)
    return `a trace is explored under ${OF_TRACES.join(' and ')}: ${models.join(', ')} needs the ${trace.check === undefined ? 'store' : 'program'} to run`;
  const chosen = [...scenarios.map((name) => `--scenario ${name}`), ...models.map((name) => `--model ${name}`)].join(' ');
  return `there is nothing to run${chosen === '' ? ': the chosen stores support no scenario' : ` with ${chosen}: tasks go on at the same time under interleaving and race, single steps under all other models`}`;
}

const OF_TRACES = MODELS.filter(({ ofTrace }) => ofTrace).map(({ name }) => name);

function knownVariants(name: string): readonly Variant[] {
  const variants = variantsNamed(name);
  if (variants === undefined) throw new UsageError(didYouMean('model', name, MODEL_NAMES));
  return variants;
}

/** One store again, with other texts in place of files. */
export function loadSelected(
  session: Chooser,
  argument: string,
  { now, timeoutMs, replaced }: { readonly now: number; readonly timeoutMs: number; readonly replaced: ReadonlyMap<string, string> },
): Promise<LoadedStore> {
  return load(session, argument, { now, timeoutMs, replaced, scenarios: builtInScenarios(now) });
}

interface LoadChoice extends Pick<Selection, 'timeoutMs' | 'onFiles'> {
  readonly now: number;
  readonly scenarios: readonly Scenario[];
  readonly replaced?: ReadonlyMap<string, string>;
}

function load(
  { installation, workspace, cwd, env }: Chooser,
  argument: string,
  { now, scenarios, timeoutMs, onFiles, replaced }: LoadChoice,
): Promise<LoadedStore> {
  return loadStore(argument, {
    installation,
    outdir: workspace.root,
    cwd,
    env,
    scenarios,
    now,
    modelNames: MODEL_NAMES,
    timeoutMs: Math.max(timeoutMs, LEAST_TO_LOAD_MS),
    ...(onFiles && { onBundled: onFiles }),
    ...(replaced && { replaced }),
  });
}

/** A scenario must be known; one that is known but that no chosen store supports would otherwise give an empty matrix. */
function checkScenarios(wanted: readonly string[], stores: readonly LoadedStore[], builtIn: readonly Scenario[]): void {
  const supported = new Set(stores.flatMap(({ scenarios }) => scenarios.map(({ name }) => name)));
  const known = [...new Set([...builtIn.map(({ name }) => name), ...supported])];
  for (const name of wanted) {
    if (!known.includes(name)) throw new UsageError(didYouMean('scenario', name, known));
    if (!supported.has(name))
      throw new UsageError(`scenario ${name} runs with none of the chosen stores`, `They support: ${[...supported].join(', ')}`);
  }
}
