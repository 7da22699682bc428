/** Tasks as subjects: those of the scenario, or those of random histories. */
import type { Bench } from '../../bench/bench.ts';
import { opsWithSites } from '../../bench/sites-of-run.ts';
import type { Subject, TasksSubject } from '../../bench/subject.ts';
import { once } from '../../domain/once.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import type { Step, Task } from '../../domain/trace.ts';
import { updatesIn } from '../../generate/calls-of.ts';
import { beforeHistories, type ConcurrentHistory, drawConcurrentHistories, tasksOf } from '../../generate/concurrent.ts';
import type { CellStep } from '../../protocol/cell-file.ts';
import type { Cell } from '../model.ts';

/** `histories`: how many are drawn. `only`: what a case id names. */
export function tasksOfScenario(
  { store, scenario }: Cell,
  bench: Bench,
  histories: number,
  only: { readonly history?: ConcurrentHistory } | undefined,
): readonly TasksSubject[] | NotMeasured {
  const { effort } = bench;
  const { before, tasks = [] } = scenario;
  if (!scenario.histories) return [{ kind: 'tasks', before, tasks, ops: opsOf(before, tasks, bench) }];
  if (only === undefined)
    return drawConcurrentHistories(histories, effort.seed, updatesIn(store.abilities)).map((history) => subjectOf(history, bench));
  return only.history === undefined ? { reason: 'no history is named' } : [subjectOf(only.history, bench)];
}

export function subjectOf(history: ConcurrentHistory, bench: Bench): TasksSubject {
  const { abilities } = bench.store;
  const [before, tasks] = [beforeHistories(abilities), tasksOf(history, abilities)];
  return { kind: 'tasks', before, tasks, history, ops: opsOf(before, tasks, bench) };
}

function opsOf(before: readonly Step[], tasks: readonly Task[], bench: Bench): TasksSubject['ops'] {
  const steps = [...before, ...tasks.flatMap((task) => task.steps)].map(
    (step): CellStep => (step.kind === 'save-loaded' ? { kind: 'save', value: bench.scenario.next } : step),
  );
  return once(() => opsWithSites(bench, () => bench.prepareOn(new Map(), steps)));
}

export function tasksSubject(subject: Subject): TasksSubject {
  if (subject.kind !== 'tasks') throw new Error('this model runs tasks');
  return subject;
}
