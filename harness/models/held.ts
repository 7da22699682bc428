/** What a store is held to under a model, and which bug it is known to have there. */
import { type ExpectedBug, type Held, isViolation } from '../domain/grade.ts';
import { variantName } from '../domain/model-names.ts';
import type { Claim, Grade, Outcome } from '../domain/store.ts';
import { gradeOf } from '../judge/outcome.ts';
import type { Cell, Profile } from './model.ts';

type Choice = Pick<Cell, 'model' | 'profile'>;

export function profileOf({ model, profile }: Choice): Profile {
  const found = model.profiles.find(({ name }) => name === profile);
  if (found === undefined) throw new Error(`${model.name} has no profile ${profile}`);
  return found;
}

/** The model's own name for what the user may name: `power-loss:xfs`, then the name of the model that it borrows from. */
function namesOf(choice: Choice): { readonly exact: readonly string[]; readonly general: readonly string[] } {
  const { model, profile } = choice;
  const { borrows } = model.claim;
  const { heldTo = profile } = profileOf(choice);
  return {
    exact: [variantName(model.name, profile), ...(borrows === undefined ? [] : [variantName(borrows, heldTo)])],
    general: [model.name, ...(borrows === undefined ? [] : [borrows])],
  };
}

/** A claim for the very profile is held; one for the whole model is held where the profile gates, and where the command line asks for it. Under rules that were never calibrated none is held. */
export function heldTo(cell: Pick<Cell, 'model' | 'profile' | 'heldBy'> & { readonly store: Pick<Cell['store'], 'claims'> }): Held {
  const { model, store } = cell;
  const { exact, general } = namesOf(cell);
  const claimed = (names: readonly string[]): Claim | undefined =>
    names.map((name) => store.claims[name]).find((claim) => claim !== undefined);
  const own = claimed(exact);
  const { gates, uncalibrated } = profileOf(cell);
  const named = own !== undefined ? 'claim' : (cell.heldBy ?? 'nothing');
  return {
    claim: own ?? claimed(general) ?? model.claim.byDefault,
    heldBy: gates ? 'profile' : uncalibrated === true ? 'nothing' : named,
  };
}

/** What is known of a whole model holds for each of its profiles. */
export function knownBugOf({
  store,
  scenario,
  ...choice
}: Pick<Cell, 'model' | 'profile' | 'scenario'> & { readonly store: Pick<Cell['store'], 'knownBugs'> }): ExpectedBug | undefined {
  const here = store.knownBugs[scenario.name] ?? {};
  const { model, profile } = choice;
  const own = here[variantName(model.name, profile)] ?? here[model.name];
  if (own !== undefined) return { bug: own, mayHide: scenario.histories === true };
  const { borrows } = model.claim;
  if (borrows === undefined) return undefined;
  const { heldTo: borrowed = profile } = profileOf(choice);
  const bug = here[variantName(borrows, borrowed)] ?? here[borrows];
  return bug && { bug, mayHide: true };
}

export function gradeIn({ model }: Pick<Cell, 'model'>, outcome: Outcome): Grade {
  return gradeOf(outcome, model.claim.staleIs);
}

/** Whether an outcome is below the cell's claim. */
export function violates(cell: Parameters<typeof heldTo>[0]): (outcome: Outcome) => boolean {
  const { claim } = heldTo(cell);
  return (outcome) => isViolation(gradeIn(cell, outcome), claim);
}
