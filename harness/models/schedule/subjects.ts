/** Tasks as subjects: those of the scenario, or those of random histories. */
import type { Bench } from '../../bench/bench.ts';
import type { Subject, TasksSubject } from '../../bench/subject.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import type { Abilities } from '../../domain/store.ts';
import { updatesIn } from '../../generate/calls-of.ts';
import { beforeHistories, type ConcurrentHistory, drawConcurrentHistories, tasksOf } from '../../generate/concurrent.ts';
import type { Cell } from '../model.ts';

/** `histories`: how many are drawn. `only`: what a case id names. */
export function tasksOfScenario(
  { store, scenario }: Cell,
  { effort }: Bench,
  histories: number,
  only: { readonly history?: ConcurrentHistory } | undefined,
): readonly TasksSubject[] | NotMeasured {
  const { before, tasks } = scenario;
  if (!scenario.histories) return [{ kind: 'tasks', before, tasks: tasks ?? [] }];
  if (only === undefined)
    return drawConcurrentHistories(histories, effort.seed, updatesIn(store.abilities)).map((history) =>
      subjectOf(history, store.abilities),
    );
  return only.history === undefined ? { reason: 'no history is named' } : [subjectOf(only.history, store.abilities)];
}

export function subjectOf(history: ConcurrentHistory, abilities: Abilities): TasksSubject {
  return { kind: 'tasks', before: beforeHistories(abilities), tasks: tasksOf(history, abilities), history };
}

export function tasksSubject(subject: Subject): TasksSubject {
  if (subject.kind !== 'tasks') throw new Error('this model runs tasks');
  return subject;
}
