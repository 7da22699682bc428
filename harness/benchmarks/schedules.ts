/**
 * How many schedules are run on the fake file system in a second, by two processes side by side, with a crash judged at each step.
 *
 * A schedule is one run of the tasks, from an empty module and the directory as it was before, in an order that no other run has. It ends
 * when all is done, or when it meets a state that an earlier run has passed. Its beginning, which another run had too, is repeated but not
 * counted again: of steps and crashes only those that are new. CPU time is that of both processes, their start included; it says more
 * than the seconds do where others use the machine.
 */
import { readFileSync } from 'node:fs';
import type { Bench } from '../bench/bench.ts';
import { withSession } from '../cli/session.ts';
import type { InterleaveRequest } from '../protocol/interleave.ts';
import { cellsOf, withBench } from './cells.ts';

const STORES = ['rename-away', 'hardened'];
const SCENARIO = 'reader-while-saving';
/** Each task a process of its own, so that locks are waited for: the largest space that a built-in store has. */
const REQUEST = { instances: 'own', runs: 20_000, samples: 0, seed: 1, throwsWhenFresh: false, empty: {} } as const;
const AT_ONCE = 2;
/** The kernel counts CPU time in hundredths of a second. */
const TICK_SECONDS = 0.01;
const CHILDREN_USER = 13;

/** CPU time of the children that this process has waited for, in seconds. */
function childrenSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[CHILDREN_USER]) + Number(fields[CHILDREN_USER + 1])) * TICK_SECONDS;
}

export async function benchSchedules(): Promise<void> {
  await withSession(undefined, async (session) => {
    for (const cell of await cellsOf(session, { stores: STORES, scenario: SCENARIO, model: 'interleaving' }))
      await withBench(session, cell, { kills: 'observed', seed: 1 }, (bench) => measure(bench));
  });
}

async function measure(bench: Bench): Promise<void> {
  const bundle = await bench.fake.bundle();
  if (typeof bundle !== 'string') throw new Error(bundle.reason);
  const { before, tasks = [], next } = bench.scenario;
  const request: InterleaveRequest = { bundle, now: Date.now(), before, plays: [tasks], next, ...REQUEST };
  const cpu = childrenSeconds();
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => bench.fake.run(request)));
  const seconds = (performance.now() - started) / 1000;
  const used = childrenSeconds() - cpu;
  const results = answers.flatMap((answer) => (answer.kind === 'interleaved' ? answer.results : []));
  const sum = (count: (one: (typeof results)[number]) => number): number => results.reduce((total, one) => total + count(one), 0);
  const [runs, crashes] = [sum((one) => one.runs), sum((one) => one.crashes)];
  const rate = (count: number, time: number): string => Math.round(count / time).toLocaleString('en-US');
  console.log(
    `${bench.store.name}/${SCENARIO}: ${rate(runs, seconds)} schedules and ${rate(crashes, seconds)} judged crashes per second, ${AT_ONCE} at a time`,
    `(${runs.toLocaleString('en-US')} schedules, ${sum((one) => one.trees)} trees recovered; ${rate(runs * AT_ONCE, used)} per second of ${AT_ONCE} CPUs)`,
  );
}
