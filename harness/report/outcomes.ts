/**
 * Outcomes as reports tell them: letter, colour, meaning, and which is worse. Letters differ, so that no one needs the colours.
 */
import { PICTURE } from '../domain/result.ts';
import { OUTCOMES, type Outcome } from '../domain/store.ts';
import type { Colors } from './colors.ts';

/** Stands in a picture where a boundary was not measured. */
export const NOT_MEASURED = '?';

const OUTCOME_OF_LETTER: ReadonlyMap<string, Outcome> = new Map(OUTCOMES.map((outcome) => [PICTURE[outcome], outcome]));

export function outcomeOfLetter(letter: string): Outcome | undefined {
  return OUTCOME_OF_LETTER.get(letter);
}

export const MEANING: { readonly [outcome in Outcome]: string } = {
  original: 'the value last acknowledged',
  new: 'the value of the save under way',
  stale: 'an earlier value than the one last acknowledged',
  empty: 'nothing, though something had been saved',
  mixed: 'a value nobody saved',
  unreadable: 'load threw, or returned what JSON cannot hold',
  hung: 'load or the next save did not return in time',
  blocked: 'the next save failed, or did not show on the load after it',
  'false-ack': 'a save resolved though its value is not there',
  exposed: 'a file was readable by more users than the one it replaced',
};

/** What stands in front of a case's `found`: see `describeFound`. */
export const FOUND_BY: { readonly [outcome in Outcome]: string } = {
  original: 'load() returned',
  new: 'load() returned',
  stale: 'load() returned',
  empty: 'load() returned',
  mixed: 'load() returned',
  unreadable: 'load() failed',
  hung: 'did not return',
  blocked: 'the next save',
  'false-ack': 'load() returned',
  exposed: 'was readable',
};

/** From best to worst. Silent loss is worse than an error that says so. */
const BY_SEVERITY: readonly Outcome[] = [
  'original',
  'new',
  'exposed',
  'blocked',
  'hung',
  'stale',
  'mixed',
  'unreadable',
  'empty',
  'false-ack',
];

function isLoss(outcome: string): boolean {
  return outcome !== 'original' && outcome !== 'new';
}

/** The worst of the outcomes that a cell counted, if it counted a loss at all. */
export function worstLoss(outcomes: { readonly [outcome: string]: number }): Outcome | undefined {
  return BY_SEVERITY.findLast((outcome) => isLoss(outcome) && (outcomes[outcome] ?? 0) > 0);
}

/** Green and blue are fine, red and magenta lose data at once, yellow goes wrong later. */
function colorOf(outcome: Outcome | undefined, colors: Colors): (text: string) => string {
  switch (outcome) {
    case 'original':
      return colors.green;
    case 'new':
      return colors.blueBright;
    case 'empty':
    case 'false-ack':
    case 'mixed':
      return colors.red;
    case 'unreadable':
    case 'exposed':
      return colors.magenta;
    case 'stale':
    case 'hung':
    case 'blocked':
    case undefined:
      return colors.yellow;
    default:
      return outcome satisfies never;
  }
}

export function paintOutcome(outcome: Outcome | undefined, text: string, colors: Colors): string {
  const painted = colorOf(outcome, colors)(text);
  return outcome !== undefined && isLoss(outcome) ? colors.bold(painted) : painted;
}

/** A boundary that repeats the one before it: a step fainter, but a loss is never dimmed. */
export function paintFolded(outcome: Outcome | undefined, text: string, colors: Colors): string {
  const painted = colorOf(outcome, colors)(text);
  return outcome !== undefined && isLoss(outcome) ? painted : colors.dim(painted);
}
