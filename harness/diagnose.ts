/**
 * Which cases leave a directory like a damaged one: every crash state of a store is compared with it, whatever values it holds.
 *
 *   directory ─▶ sketch, and what load makes of it
 *   cells     ─▶ check ─▶ each state's sketch, and what load made of it ─▶ the nearest
 */
import type { Bench } from './bench/bench.ts';
import { type BenchOptions, openBenches } from './bench/open-benches.ts';
import { caseIdOf } from './cell-result.ts';
import { check } from './check.ts';
import type { Diagnosis, Suspect } from './domain/diagnosis.ts';
import { groupedBy } from './domain/grouped.ts';
import { modelName } from './domain/model-names.ts';
import { canonicalPath } from './domain/names.ts';
import { OUTCOMES } from './domain/outcomes.ts';
import type { Loaded } from './domain/recovery.ts';
import { isNotMeasured } from './domain/sighting.ts';
import type { LoadForm, Sketch, SketchDifference } from './domain/sketch.ts';
import type { NameRule, Tree } from './domain/trace.ts';
import { differencesOfSketches, loadDifference, sketchOf } from './explain/sketch.ts';
import { oracleOptions } from './judge/oracle.ts';
import { isNothing } from './judge/outcome.ts';
import type { Case, Cell, Findings } from './models/model.ts';
import type { Verdict } from './recover/believe.ts';

/** A state that may be the one, before all names are known that the store makes. */
interface Candidate {
  readonly verdict: Verdict<Case, unknown>;
  readonly findings: Findings;
  readonly names: readonly NameRule[];
  readonly sketch: Sketch;
  readonly load: LoadForm;
}

interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly doubts: readonly string[];
}

/** With words for those that are nearest in their scenario: words need the bench, so they are made while it is there. */
interface Compared extends Candidates {
  readonly described: ReadonlyMap<Candidate, Suspect>;
}

/** All cells are of one store. */
export async function diagnosed(directory: Tree, cells: readonly Cell[], options: BenchOptions): Promise<Diagnosis> {
  const benches = openBenches(options);
  try {
    const groups = [...groupedBy(cells, ({ scenario }) => scenario.name).values()];
    const found: Compared[] = [];
    let load: LoadForm | undefined;
    for (const group of groups) {
      const [{ store, scenario }] = group;
      const compared = await benches.forScenario(store, scenario, async (bench) => {
        load ??= await loadFormIn(directory, bench);
        const one = await candidatesIn(group, bench);
        const described = new Map<Candidate, Suspect>();
        for (const candidate of nearestOf(directory, one.candidates, load).candidates) described.set(candidate, await suspectOf(candidate));
        return { ...one, described };
      });
      found.push(compared);
    }
    if (load === undefined) throw new Error('there is a cell to compare with');
    return diagnosisOf(directory, found, load);
  } finally {
    await benches.close();
  }
}

/**
 * What load makes of a copy of the directory.
 * @internal
 */
export async function loadFormIn(directory: Tree, bench: Bench): Promise<LoadForm> {
  const [answer] = await bench.recovery.recoverTrees([directory], bench.scenario.next);
  if (answer === undefined) throw new Error('a tree has an answer');
  return formOf(answer.recovery.load, bench);
}

function formOf(load: Loaded, bench: Bench): LoadForm {
  if (load.kind === 'loaded') return isNothing(load.value, oracleOptions(bench)) ? 'nothing' : 'a value';
  return load.kind === 'threw' ? 'an error' : 'no answer';
}

/**
 * Every state that these cells leave.
 * @internal
 */
export async function candidatesIn(cells: readonly Cell[], bench: Bench): Promise<Candidates> {
  const candidates: Candidate[] = [];
  const doubts: string[] = [];
  for (const cell of cells) {
    const findings = await check(cell, bench);
    if (isNotMeasured(findings)) {
      doubts.push(`${cell.scenario.name} under ${modelName(cell)}: ${findings.reason}`);
      continue;
    }
    for (const verdict of findings.explored.verdicts) {
      const { names } = cell.model.variation(verdict);
      const { sighting, recovery } = verdict;
      candidates.push({ verdict, findings, names, sketch: sketchOf(sighting.tree, names), load: formOf(recovery.load, bench) });
    }
  }
  return { candidates, doubts };
}

/** The names of all files in all states, as sketches have them. */
const namesMadeIn = (candidates: readonly Candidate[]): ReadonlySet<string> =>
  new Set(candidates.flatMap(({ sketch }) => [...sketch.forms.keys()]));

interface Nearest {
  readonly candidates: readonly Candidate[];
  readonly differences: readonly SketchDifference[];
}

/**
 * Of states of one store those that differ least from the directory.
 * @internal
 */
export function nearestOf(directory: Tree, candidates: readonly Candidate[], load: LoadForm): Nearest {
  const made = namesMadeIn(candidates);
  const sketches = new Map<readonly NameRule[], Sketch>();
  let nearest: { readonly candidates: Candidate[]; readonly differences: readonly SketchDifference[] } = {
    candidates: [],
    differences: [],
  };
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { names } = candidate;
    const sketch = sketches.get(names) ?? sketchOf(directory, names, (name) => made.has(name));
    sketches.set(names, sketch);
    const differences = [...differencesOfSketches(sketch, candidate.sketch), ...loadDifference(load, candidate.load)];
    const distance = differences.reduce((sum, { weight }) => sum + weight, 0);
    if (distance < least) nearest = { candidates: [], differences };
    least = Math.min(least, distance);
    if (distance === least) nearest.candidates.push(candidate);
  }
  return nearest;
}

async function suspectOf({ verdict, findings }: Candidate): Promise<Suspect> {
  const { cell } = findings;
  const { after, inside, end, schedule, killed, fault, start, quitBy, lost = [] } = await cell.model.describe(verdict, findings);
  return {
    id: caseIdOf(verdict, cell),
    model: cell.model.name,
    end,
    lost,
    ...(after && { after }),
    ...(inside !== undefined && { inside }),
    ...(schedule && { schedule }),
    ...(killed && { killed }),
    ...(fault !== undefined && { fault }),
    ...(start !== undefined && { start }),
    ...(quitBy !== undefined && { quitBy }),
    outcome: verdict.outcome,
    cases: 1,
    models: [modelName(cell)],
    scenarios: [cell.scenario.name],
  };
}

function diagnosisOf(directory: Tree, found: readonly Compared[], load: LoadForm): Diagnosis {
  const candidates = found.flatMap((one) => one.candidates);
  const names = [...new Map(candidates.flatMap((one) => one.names).map((rule) => [JSON.stringify(rule), rule])).values()];
  const made = namesMadeIn(candidates);
  const { candidates: nearest, differences } = nearestOf(directory, candidates, load);
  const described = new Map(found.flatMap((one) => [...one.described]));
  // A name that a scenario never makes counts against all of its states alike, so those that are nearest of all are nearest in theirs.
  const single = nearest.flatMap((candidate) => described.get(candidate) ?? []);
  const groups = groupedBy(single, ({ model, outcome, schedule, killed, fault, start, quitBy, after, inside, end }) =>
    JSON.stringify([model, outcome, schedule, killed, fault, start, quitBy, after?.text, after?.site, inside === undefined, end]),
  );
  const suspects = [...groups.values()].map(joined).sort(worstAndPlainestFirst);
  const here = [...directory.keys()].map((path) => canonicalPath(path, names));
  return {
    sketch: sketchOf(directory, names, (name) => made.has(name)),
    load,
    leftOut: [...new Set(here.filter((name) => !made.has(name)))].sort(),
    compared: candidates.length,
    differences,
    suspects,
    doubts: found.flatMap(({ doubts }) => doubts),
  };
}

function joined(group: readonly Suspect[]): Suspect {
  const [first] = [...group].sort((one, other) => one.lost.length - other.lost.length);
  if (first === undefined) throw new Error('a group has a member');
  return {
    ...first,
    cases: group.length,
    models: [...new Set(group.flatMap(({ models }) => models))],
    scenarios: [...new Set(group.flatMap(({ scenarios }) => scenarios))],
  };
}

/** Of suspects that are equal in all this, kills stand before power cuts, as their cells do. */
function worstAndPlainestFirst(one: Suspect, other: Suspect): number {
  const failed = ({ fault }: Suspect): number => (fault === undefined ? 0 : 1);
  return (
    OUTCOMES[other.outcome].severity - OUTCOMES[one.outcome].severity || failed(one) - failed(other) || one.lost.length - other.lost.length
  );
}
