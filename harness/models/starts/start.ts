/** What models of starts have in common: cases in which a store does not start with what it left. */
import type { RecordedSubject } from '../../bench/subject.ts';
import type { LoadedStore } from '../../domain/loaded-store.ts';
import { OUTCOMES } from '../../domain/outcomes.ts';
import type { Scenario } from '../../domain/scenario.ts';
import type { Trace } from '../../domain/trace.ts';
import type { Verdict } from '../../recover/believe.ts';
import { DOUBT } from '../crash/letters.ts';
import { type Case, type Explored, type Letter, opsWithSites, type Timeline } from '../model.ts';

/** One step after another, in a run that can be recorded. */
export const hasSteps = ({ tasks, histories }: Scenario): boolean => tasks === undefined && histories !== true;

/** What a store starts with has little to do with its steps: one scenario shows it. */
export const isPlain = (scenario: Scenario): boolean => scenario.plain === true && hasSteps(scenario);

/** A program has no load of its own that another process could be asked for. */
export const noProgram = ({ kind }: LoadedStore): string | undefined =>
  kind === 'program' ? 'it needs the functions of a store, and a program has none' : undefined;

/** One letter for each start, in the order in which they are tried. */
export function startLetters<C extends Case>({ verdicts, unmeasured }: Explored<C>, starts: readonly C[]): Letter[] {
  const letters = new Map<C, string>([
    ...verdicts.map(({ case: one, outcome }) => [one, OUTCOMES[outcome].letter] as const),
    ...unmeasured.map(({ case: one }) => [one, DOUBT] as const),
  ]);
  return starts.map((one) => ({ letter: letters.get(one) ?? DOUBT, folded: false }));
}

/** The run that the store's files are from, up to a boundary. */
export async function startTimeline<C extends Case<RecordedSubject>>(
  { case: { subject } }: Verdict<C, unknown>,
  boundary: number,
): Promise<Timeline> {
  const { marks, trees }: Trace = subject.trace;
  return { kind: 'ops', parts: [{ ops: await opsWithSites(subject), marks, trees, steps: subject.steps, at: { op: boundary } }] };
}
