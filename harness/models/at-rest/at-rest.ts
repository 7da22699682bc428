/**
 * At rest: what lies on disk was damaged or put back by something else before the store starts.
 *
 * Allows   one file of what the last step left to be damaged, in each way of `damages.ts`; the steps were acknowledged.
 * Forbids  two damaged files; a file that is gone, which nobody can tell from one that never was.
 * Real     the damaged directory is loaded by a process that never saw the store. Where load returns, it saves and loads again; where load
 *          throws, nobody saves, but the store's update, or the next change of a map or a log, must reject or keep the bytes.
 */

import type { Bench } from '../../bench/bench.ts';
import { allCounted } from '../../domain/counted-work.ts';
import { groupedBy } from '../../domain/grouped.ts';
import type { Blame, Mechanism } from '../../domain/mechanisms.ts';
import { FRESH } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import { timesAt, treeFor } from '../../domain/tree-times.ts';
import { describeFound } from '../../explain/found.ts';
import { judgeDamage, promisedAtRest } from '../../judge/damage.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { promisedAfter, valuesAfter } from '../../judge/promise.ts';
import type { CarriedOut } from '../../recover/believe.ts';
import { violates } from '../held.ts';
import { type Explored, type Model, onlyRecorded, recordedOf, recordedOnce } from '../model.ts';
import { hasSteps, isPlain, noProgram, startLetters, startTimeline } from '../starts/start.ts';
import { blameOfDestroyed } from './culprit.ts';
import {
  type NamedStart,
  type RestCase,
  type RestVerdict,
  readStart,
  type Starts,
  startNamed,
  startsOf,
  writeStart,
} from './rest-start.ts';

interface RestExplored extends Explored<RestCase, undefined> {
  readonly starts: readonly RestCase[];
  /** Of what was destroyed: the op that did it. */
  readonly destroyed: ReadonlyMap<RestCase, Blame>;
}

export const atRest: Model<RestCase, undefined, NamedStart, RestExplored> = {
  name: 'at-rest',
  tries: 'starts',
  profiles: [{ gates: false, byDefault: true, lossesPerSecond: 0, seconds: 2 }],
  words: {
    help: 'a file is cut off, overwritten, put back or has a bit flipped before the store starts',
    report: () => 'one of its files was damaged, or put back, before it started',
    crashed: 'damaged',
  },
  claim: { byDefault: 'atomic', staleIs: 'atomic' },
  appliesTo: hasSteps,
  byDefaultOn: isPlain,
  missing: () => undefined,
  unfitFor: noProgram,
  id: { write: writeStart, read: readStart },
  listed: (subject) => startsOf(recordedOf(subject)).cases.map(writeStart),

  subjects: (_cell, bench) => recordedOnce(bench),

  explore: async (subjects, { judge, bench, cell, only }) => {
    const subject = onlyRecorded(subjects);
    const all = startsOf(subject);
    if (all.cases.length === 0) return { reason: 'its steps leave no file with anything in it' };
    const starts = only === undefined ? all.cases : [startNamed(all, only)];
    const { verdicts, unmeasured } = await judge(starts);
    return {
      verdicts,
      unmeasured,
      doubts: subject.trace.unmeasured,
      points: starts.length,
      ...(only === undefined && { tried: { kind: 'starts', tried: all.cases.length, of: all.of } }),
      notes: notesOf(all),
      starts,
      destroyed: violates(cell)('destroyed') ? await blamesOf(verdicts, bench) : new Map(),
    };
  },

  carryOut: (cases, bench, _cell, onDone) =>
    bench.recovery.controlled(() => allCounted(cases, (one) => startOn(one, bench, 'warm'), onDone)),

  picture: ({ explored }) => startLetters(explored, explored.starts),
  /** All of them: they are few. */
  selected: ({ explored }) => explored.verdicts,

  describe: async (verdict) => {
    const { path, damage } = verdict.case;
    const found = describeFound(verdict.outcome, verdict.recovery, verdict.promised);
    return {
      end: true,
      start: `${path}, ${damage.words}`,
      ...(verdict.outcome === 'destroyed' && { found: `${found}, and what was in ${path} is in no file after ${changeOf(verdict)}` }),
    };
  },

  blame: async (verdict, { explored }) => {
    const own = explored.destroyed.get(verdict.case);
    const mechanism = MECHANISM_OF[verdict.outcome];
    return own ?? (mechanism && { mechanism, op: 'load' });
  },
  variation: ({ case: { subject } }) => subject.trace.variation,
  timeline: (verdict) => startTimeline(verdict, verdict.case.boundary),
};

/** Of what no op is to blame for, but load. */
const MECHANISM_OF: { readonly [outcome in Outcome]?: Mechanism } = {
  empty: 'damage-taken-for-nothing',
  lost: 'damage-taken-for-nothing',
  destroyed: 'damage-taken-for-nothing',
  mixed: 'damage-unseen',
  torn: 'damage-unseen',
  twice: 'damage-unseen',
  'out-of-order': 'damage-unseen',
  stale: 'damage-unseen',
};

const changeOf = ({ recovery: { load, save } }: RestVerdict): string =>
  load.kind === 'loaded' ? 'the next save' : save === undefined ? 'it' : 'the next update';

function notesOf({ files }: Starts): string[] {
  return files.damaged === files.of ? [] : [`${files.damaged} of ${files.of} files were damaged, each in its turn`];
}

/** Where load answered alike, the first start of each file is recorded: the others go the same way. */
async function blamesOf(verdicts: readonly RestVerdict[], bench: Bench): Promise<ReadonlyMap<RestCase, Blame>> {
  const destroyed = verdicts.filter(({ outcome }) => outcome === 'destroyed');
  const alike = groupedBy(destroyed, ({ case: { file }, recovery: { load } }) => `${file} ${load.kind}`);
  const blames = new Map<RestCase, Blame>();
  for (const group of alike.values()) {
    const blame = await blameOfDestroyed(group[0], bench);
    for (const { case: one } of group) if (blame !== undefined) blames.set(one, blame);
  }
  return blames;
}

async function startOn(one: RestCase, bench: Bench, how: 'warm' | 'alone'): Promise<CarriedOut<RestCase, undefined>> {
  const { subject, tree, damage, boundary } = one;
  const { recoverDamaged } = bench.recovery;
  if (recoverDamaged === undefined) throw new Error('programs are unfit for it');
  const found = treeFor(bench.store, tree, timesAt(subject.trace, boundary));
  const { recovery, after } = await recoverDamaged(found, bench.scenario.next, how);
  const done = promisedAfter(subject.trace, boundary, subject.before, valuesAfter(subject.steps, subject.before));
  const promised = promisedAtRest(done, bench.store.abilities.contract);
  const outcome = judgeDamage(promised, { recovery, bytes: damage.bytes, after }, oracleOptions(bench));
  return {
    case: one,
    run: undefined,
    kind: damage.kind,
    sightings: [{ tree, looker: FRESH, seen: recovery, judge: () => ({ promised, outcome }) }],
    ...(how === 'warm' && { alone: () => startOn(one, bench, 'alone') }),
  };
}
