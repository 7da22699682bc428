/**
 * Litter: wraps a model of crashes. Where a store claims how many files may stay behind (`litter`), a case that leaves more after a crash,
 * recovery and the next save is `littered`, if nothing worse was found there.
 *
 * Litter is what lies there under a name that a run without a crash does not leave, nor the save after it. It is judged last: what a model explores
 * further, and what it explains by barriers, does not depend on it. Random histories are not held to it.
 */
import type { Blame } from '../../domain/mechanisms.ts';
import { canonicalPath } from '../../domain/names.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import type { NameRule } from '../../domain/trace.ts';
import { counted } from '../../domain/words.ts';
import { effectText } from '../../explain/changed.ts';
import { isLoss } from '../../judge/outcome.ts';
import { type Findings, type Model, onlyRecorded } from '../model.ts';
import type { NamedState } from './crash-id.ts';
import { type CrashCase, type CrashVerdict, crashesInRecovery, undisturbed } from './crash-state.ts';
import type { CrashExploration, CrashExplored } from './explore.ts';

/** What of a cell is needed to judge litter. */
interface Claimed {
  readonly limit: number;
  /** Canonical paths that are there without a crash. */
  readonly usual: ReadonlySet<string>;
}

type LitterExplored = CrashExplored & { readonly litter?: Claimed };

export function litterBounded<E extends CrashExplored>(model: Model<CrashCase, undefined, NamedState, E>): typeof model {
  const claimedIn = ({ explored }: Findings<E>): Claimed | undefined => (explored as LitterExplored).litter;
  return {
    ...model,
    explore: async (subjects, exploration) => {
      const explored = await model.explore(subjects, exploration);
      const { store, scenario } = exploration.cell;
      if (isNotMeasured(explored) || store.litter === undefined || scenario.histories) return explored;
      const litter = { limit: store.litter, usual: await usualNames(exploration, onlyRecorded(subjects)) };
      const claimed = { ...explored, litter };
      return exploration.only === undefined ? claimed : judged(claimed);
    },
    explain: async (explored, exploration) => judged(await (model.explain?.(explored, exploration) ?? explored)),
    describe: async (verdict, findings) => {
      const words = await model.describe(verdict, findings);
      const claimed = claimedIn(findings);
      return verdict.outcome === 'littered' && claimed ? { ...words, found: foundText(verdict, claimed) } : words;
    },
    blame: async (verdict, findings) => {
      const claimed = claimedIn(findings);
      return verdict.outcome === 'littered' && claimed ? blameLitter(verdict, claimed) : model.blame(verdict, findings);
    },
    notes: async (findings) => {
      const claimed = claimedIn(findings);
      return [
        ...((await model.notes?.(findings)) ?? []),
        ...(claimed === undefined ? [] : claimNotes(findings.explored.verdicts, claimed)),
      ];
    },
  };
}

/** What is there before the first op and after the last, and after a load and a save in either. */
async function usualNames({ judge }: CrashExploration, subject: CrashCase['subject']): Promise<ReadonlySet<string>> {
  const { names } = subject.trace.variation;
  const { verdicts } = await judge(undisturbed(subject));
  const paths = verdicts.flatMap(({ left, case: { state } }) => [...state.tree.keys(), ...left]);
  return new Set(paths.map((path) => canonicalPath(path, names)));
}

function judged<E extends CrashExplored>(explored: E): E {
  const { litter } = explored as LitterExplored;
  if (litter === undefined) return explored;
  const verdicts = explored.verdicts.map((verdict): CrashVerdict => {
    const isBroken = !isLoss(verdict.outcome) && litterIn(verdict.left, verdict, litter).length > litter.limit;
    return isBroken ? { ...verdict, outcome: 'littered' } : verdict;
  });
  return { ...explored, verdicts };
}

const namesOf = ({ case: { subject } }: CrashVerdict): readonly NameRule[] => subject.trace.variation.names;

/** Canonical paths of litter, one for each file. */
function litterIn(paths: Iterable<string>, verdict: CrashVerdict, { usual }: Claimed): string[] {
  return [...paths].map((path) => canonicalPath(path, namesOf(verdict))).filter((path) => !usual.has(path));
}

/** `2 files: a.<uuid>.tmp, a.<uuid>.tmp; the store claims at most 1. The next load and save removed a.lock` */
function foundText(verdict: CrashVerdict, claimed: Claimed): string {
  const after = litterIn(verdict.left, verdict, claimed).sort();
  const removed = removedIn(verdict, claimed);
  const more = removed.length === 0 ? 'The next load and save removed none' : `The next load and save removed ${removed.join(', ')}`;
  return `${counted(after.length, 'file')}: ${after.join(', ')}; the store claims at most ${claimed.limit}. ${more}`;
}

/** Of what the crash left: what is not there any more. */
function removedIn(verdict: CrashVerdict, claimed: Claimed): string[] {
  const after = litterIn(verdict.left, verdict, claimed);
  return litterIn(verdict.case.state.tree.keys(), verdict, claimed).filter((path) => {
    const at = after.indexOf(path);
    if (at >= 0) after.splice(at, 1);
    return at < 0;
  });
}

/** The op that made a file which stayed: of the run, or of a recovery that was crashed. */
async function blameLitter(verdict: CrashVerdict, claimed: Claimed): Promise<Blame | undefined> {
  const { subject, state } = verdict.case;
  const stayed = new Set(litterIn(verdict.left, verdict, claimed));
  const traces = [subject.trace, ...crashesInRecovery(state).map(({ trace }) => trace)];
  for (const { ops, trees } of traces) {
    const op = ops.find(
      ({ index, file, to }) => trees[index] !== trees[index - 1] && stayed.has(canonicalPath(to?.actual ?? file.actual, namesOf(verdict))),
    );
    if (op === undefined) continue;
    const own = subject.trace.ops.find((other) => effectText(other) === effectText(op));
    const site = own && (await subject.sites()).sites.get(own.index);
    return { mechanism: 'littered', op: effectText(op), ...(site && { site }) };
  }
  return undefined;
}

/** How many files stay at most, and who removes the others. */
function claimNotes(verdicts: readonly CrashVerdict[], claimed: Claimed): string[] {
  const most = Math.max(0, ...verdicts.map((verdict) => litterIn(verdict.left, verdict, claimed).length));
  const stays = new Set(verdicts.flatMap((verdict) => litterIn(verdict.left, verdict, claimed)));
  const removed = new Set(verdicts.flatMap((verdict) => removedIn(verdict, claimed)));
  return [
    `litter: ${counted(most, 'file')} at most, and the store claims ${claimed.limit}`,
    ...[...removed].sort().map((path) => `litter: the next load or save removes ${path}${stays.has(path) ? ' after some crashes' : ''}`),
  ];
}
