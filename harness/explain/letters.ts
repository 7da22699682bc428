/**
 * A cell's picture: one letter per boundary for the worst that a crash there leaves.
 */
import type { CrashCell, Findings } from '../check.ts';
import { OUTCOMES, type Outcome, worstOutcome } from '../domain/outcomes.ts';
import type { CrashPoint } from '../explore/crash-state.ts';
import type { Verdict } from '../judge/oracle.ts';
import { promisesOf } from '../models/power-loss/loss-states.ts';
import { statesAt } from '../persistence/power-loss.ts';
import { PROFILES } from '../persistence/profiles.ts';

interface Letter {
  readonly letter: string;
  /** Judged together with the one before it, because nothing on disk changed in between. */
  readonly folded: boolean;
}

const DOUBT = '?';
/** States that are looked up again for a picture, over all boundaries; with more, a boundary shows the states first told of it. */
const STATES_PER_PICTURE = 200_000;

export function lettersOf(found: Findings, cell: CrashCell): Letter[] {
  switch (cell.model) {
    case 'process-kill':
      return lettersOfKills(found);
    case 'power-loss':
      return lettersOfLosses(found, cell);
    case 'power-cut':
      return carriedOn(found, worstAtEach(found.verdicts));
    default:
      return cell satisfies never;
  }
}

/** For each point in order its letter, and whether it is folded into the state of the one before it. */
function lettersOfKills({ verdicts, doubts }: Findings): Letter[] {
  const inside = ({ bytes }: CrashPoint): number => bytes ?? Number.POSITIVE_INFINITY;
  return [
    ...verdicts.map(({ state, outcome }) => ({ state, letter: OUTCOMES[outcome].letter })),
    ...doubts.map(({ state }) => ({ state, letter: DOUBT })),
  ]
    .filter(({ state }) => state.how !== 'in-recovery')
    .flatMap(({ state, letter }) => state.points.map((point, index) => ({ point, letter, folded: index > 0 })))
    .sort(({ point: one }, { point: other }) => one.op - other.op || (inside(one) < inside(other) ? -1 : 1));
}

/** A tree is told once, at the first boundary that may leave it; the picture shows it at every boundary that may. */
function lettersOfLosses(found: Findings, { profile }: Extract<CrashCell, { model: 'power-loss' }>): Letter[] {
  const { recording, coverage } = found;
  const { trace } = recording;
  const first = worstAtEach(found.verdicts);
  const total = (coverage?.pages.distinct ?? 0) * (trace.ops.length + 1);
  if (coverage?.pages.kind !== 'exhaustive' || total > STATES_PER_PICTURE) return carriedOn(found, first);
  const promises = promisesOf(trace);
  const known = new Map<string, Outcome>();
  for (const { state, outcome } of found.verdicts)
    if (state.how === 'power-lost' && state.unit === 4096) known.set(`${promises(state.at.op)} ${state.loss.hash}`, outcome);
  return Array.from({ length: trace.ops.length + 1 }, (_, boundary) => {
    const told = first.get(boundary);
    const outcomes = told === undefined ? [] : [told];
    for (const { hash } of statesAt(trace, PROFILES[profile], boundary)) {
      const outcome = known.get(`${promises(boundary)} ${hash}`);
      if (outcome !== undefined) outcomes.push(outcome);
    }
    return { letter: letterOf(outcomes), folded: false };
  });
}

function carriedOn({ recording }: Findings, worst: ReadonlyMap<number, Outcome>): Letter[] {
  let last = DOUBT;
  return Array.from({ length: recording.trace.ops.length + 1 }, (_, boundary) => {
    const told = worst.get(boundary);
    if (told !== undefined) last = OUTCOMES[told].letter;
    return { letter: last, folded: told === undefined };
  });
}

function worstAtEach(verdicts: readonly Verdict[]): ReadonlyMap<number, Outcome> {
  const at = new Map<number, Outcome[]>();
  for (const { state, outcome } of verdicts)
    if (state.how !== 'in-recovery') at.set(state.at.op, [...(at.get(state.at.op) ?? []), outcome]);
  return new Map([...at].map(([boundary, outcomes]) => [boundary, worstOutcome(outcomes) ?? 'original']));
}

function letterOf(outcomes: readonly Outcome[]): string {
  const worst = worstOutcome(outcomes);
  return worst === undefined ? DOUBT : OUTCOMES[worst].letter;
}
