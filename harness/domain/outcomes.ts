/**
 * What a fresh process finds after a crash, in one word: everything that belongs to an outcome, in one table.
 *
 * The rows stand in the order in which reports list outcomes. How bad an outcome is, for letters, headlines and rankings alike, is its
 * `severity`: silent loss is worse than an error that says so.
 */

interface OutcomeRow {
  /** In a cell's picture. Small letters are fine, capitals lose data; letters differ, so that no one needs the colours. */
  readonly letter: string;
  /** False where an allowed value was found and the store works on. */
  readonly loss: boolean;
  /** 0 is best. No two outcomes share a number. */
  readonly severity: number;
  /** `by-model`: atomic where unwritten data can vanish or others are at work, else lossy. */
  readonly grade: 'durable' | 'lossy' | 'by-model';
  readonly meaning: string;
  /** What stands in front of a case's `found`: see `describeFound`. */
  readonly foundBy:
    | 'load() returned'
    | 'load() failed'
    | 'did not return'
    | 'the next save'
    | 'was readable'
    | 'by another path'
    | 'stayed behind';
  /** Green and blue are fine, red and magenta lose data at once, yellow goes wrong later. */
  readonly colour: 'green' | 'blueBright' | 'red' | 'magenta' | 'yellow';
}

export const OUTCOMES = {
  original: {
    letter: 'o',
    loss: false,
    severity: 0,
    grade: 'durable',
    meaning: 'the value last acknowledged',
    foundBy: 'load() returned',
    colour: 'green',
  },
  new: {
    letter: 'n',
    loss: false,
    severity: 1, // no worse than `original`: a boundary that may leave either shows the later value
    grade: 'durable',
    meaning: 'the value of the save under way',
    foundBy: 'load() returned',
    colour: 'blueBright',
  },
  refused: {
    letter: 'r',
    loss: false,
    severity: 2,
    grade: 'durable',
    meaning: 'load threw at what was damaged, and the damaged bytes are still there',
    foundBy: 'load() failed',
    colour: 'green',
  },
  stale: {
    letter: 'S',
    loss: true,
    severity: 8,
    grade: 'by-model',
    meaning: 'an earlier value than the one last acknowledged',
    foundBy: 'load() returned',
    colour: 'yellow',
  },
  empty: {
    letter: 'E',
    loss: true,
    severity: 15,
    grade: 'lossy',
    meaning: 'nothing, though something had been saved',
    foundBy: 'load() returned',
    colour: 'red',
  },
  mixed: {
    letter: 'M',
    loss: true,
    severity: 11,
    grade: 'lossy',
    meaning: 'a value nobody saved',
    foundBy: 'load() returned',
    colour: 'red',
  },
  lost: {
    letter: 'L',
    loss: true,
    severity: 14,
    grade: 'lossy',
    meaning: 'a key or a record that had been acknowledged is gone, while others are there',
    foundBy: 'load() returned',
    colour: 'red',
  },
  twice: {
    letter: 'D',
    loss: true,
    severity: 10,
    grade: 'lossy',
    meaning: 'a record more often than it was appended',
    foundBy: 'load() returned',
    colour: 'red',
  },
  torn: {
    letter: 'T',
    loss: true,
    severity: 12,
    grade: 'lossy',
    meaning: 'a part of a record',
    foundBy: 'load() returned',
    colour: 'red',
  },
  'out-of-order': {
    letter: 'R',
    loss: true,
    severity: 9,
    grade: 'lossy',
    meaning: 'records in another order than they were appended in',
    foundBy: 'load() returned',
    colour: 'red',
  },
  unreadable: {
    letter: 'U',
    loss: true,
    severity: 13,
    grade: 'lossy',
    meaning: 'load threw, or returned what JSON cannot hold',
    foundBy: 'load() failed',
    colour: 'magenta',
  },
  hung: {
    letter: 'H',
    loss: true,
    severity: 7,
    grade: 'lossy',
    meaning: 'load, the next save or a quit did not come to an end',
    foundBy: 'did not return',
    colour: 'yellow',
  },
  blocked: {
    letter: 'B',
    loss: true,
    severity: 6,
    grade: 'lossy',
    meaning: 'the next save failed, or did not show on the load after it',
    foundBy: 'the next save',
    colour: 'yellow',
  },
  'false-ack': {
    letter: 'F',
    loss: true,
    severity: 16,
    grade: 'lossy',
    meaning: 'a save resolved though its value is not there',
    foundBy: 'load() returned',
    colour: 'red',
  },
  exposed: {
    letter: 'X',
    loss: true,
    severity: 4,
    grade: 'lossy',
    meaning: 'a file was readable by more users than the one it replaced',
    foundBy: 'was readable',
    colour: 'magenta',
  },
  destroyed: {
    letter: 'G',
    loss: true,
    severity: 17,
    grade: 'lossy',
    meaning: 'bytes that load could not read, and that were the only copy, are in no file any more',
    foundBy: 'load() returned',
    colour: 'red',
  },
  littered: {
    letter: 'C',
    loss: true,
    severity: 3,
    grade: 'lossy',
    meaning: 'more files stay behind, after the next save, than the store claims',
    foundBy: 'stayed behind',
    colour: 'yellow',
  },
  detached: {
    letter: 'A',
    loss: true,
    severity: 5,
    grade: 'lossy',
    meaning: 'who comes by another path, as through a link, does not see what was saved',
    foundBy: 'by another path',
    colour: 'yellow',
  },
} as const satisfies Record<string, OutcomeRow>;

/** What a recovery found, in one word. */
export type Outcome = keyof typeof OUTCOMES;

/** In the order in which reports list them. */
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as readonly Outcome[]; // a literal has no other keys

/** The most severe; undefined of none. */
export function worstOutcome(outcomes: Iterable<Outcome>): Outcome | undefined {
  let worst: Outcome | undefined;
  for (const outcome of outcomes) if (worst === undefined || OUTCOMES[outcome].severity > OUTCOMES[worst].severity) worst = outcome;
  return worst;
}
