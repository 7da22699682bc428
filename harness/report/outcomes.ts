/** Outcomes as reports show them: found by their letter, the worst of a cell, and painted in their colour. */
import { OUTCOME_NAMES, OUTCOMES, type Outcome, worstOutcome } from '../domain/outcomes.ts';
import type { Colors } from './colors.ts';

/** Stands in a picture where a boundary was not measured. */
export const NOT_MEASURED = '?';

const OUTCOME_OF_LETTER: ReadonlyMap<string, Outcome> = new Map(OUTCOME_NAMES.map((outcome) => [OUTCOMES[outcome].letter, outcome]));

export function outcomeOfLetter(letter: string): Outcome | undefined {
  return OUTCOME_OF_LETTER.get(letter);
}

/** The worst of the outcomes that a cell counted, if it counted a loss at all. */
export function worstLoss(outcomes: { readonly [outcome: string]: number }): Outcome | undefined {
  return worstOutcome(OUTCOME_NAMES.filter((outcome) => OUTCOMES[outcome].loss && (outcomes[outcome] ?? 0) > 0));
}

function colorOf(outcome: Outcome | undefined, colors: Colors): (text: string) => string {
  return colors[outcome === undefined ? 'yellow' : OUTCOMES[outcome].colour];
}

const isLoss = (outcome: Outcome | undefined): boolean => outcome !== undefined && OUTCOMES[outcome].loss;

export function paintOutcome(outcome: Outcome | undefined, text: string, colors: Colors): string {
  const painted = colorOf(outcome, colors)(text);
  return isLoss(outcome) ? colors.bold(painted) : painted;
}

/** A boundary that repeats the one before it: a step fainter, but a loss is never dimmed. */
export function paintFolded(outcome: Outcome | undefined, text: string, colors: Colors): string {
  const painted = colorOf(outcome, colors)(text);
  return isLoss(outcome) ? painted : colors.dim(painted);
}
