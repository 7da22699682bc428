/**
 * How many schedules run on the fake file system per second, in two parallel processes, with a crash judged at each step.
 *
 * A schedule is one run of the tasks, from a fresh module and directory, in an order that no other run has. It ends when all tasks are
 * done, or at a state that an earlier run reached. The prefix that it shares with another run is repeated but not counted: only new steps
 * and crashes count. CPU time is that of both processes, including their start; on a shared machine it is more reliable than elapsed time.
 */
import { readFileSync } from 'node:fs';
import { openBenches } from '../bench/open-benches.ts';
import { type Session, withSession } from '../cli/session.ts';
import { selectCells } from '../cli/stores.ts';
import type { InterleaveRequest } from '../protocol/interleave.ts';

const STORES = ['rename-away', 'hardened'];
const SCENARIO = 'reader-while-saving';
/** Each task in its own process, so that tasks wait for locks: the largest search space of any built-in store. */
const REQUEST = { instances: 'own', runs: 20_000, samples: 0, seed: 1, throwsWhenFresh: false, empty: {} } as const;
const AT_ONCE = 2;
/** The kernel counts CPU time in hundredths of a second. */
const TICK_SECONDS = 0.01;
const CHILDREN_USER = 13;

/** CPU time of the children that have ended, in seconds. */
function childrenSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[CHILDREN_USER]) + Number(fields[CHILDREN_USER + 1])) * TICK_SECONDS;
}

export async function benchSchedules(): Promise<void> {
  await withSession(undefined, async (session) => {
    for (const name of STORES) await measure(name, session);
  });
}

async function measure(name: string, session: Session): Promise<void> {
  const selection = { stores: [name], scenarios: [SCENARIO], models: ['interleaving'], strict: false, timeoutMs: 10_000 };
  const {
    cells: [cell],
  } = await selectCells(session, selection, Date.now());
  if (cell === undefined) throw new Error(`there is no ${name}/${SCENARIO}`);
  const benches = openBenches({ ...session, observe: true, depth: 1, limit: 1, seed: 1, timeoutMs: 10_000, onProgress: () => {} });
  const bench = await benches.forScenario(cell.store, cell.scenario);
  const bundle = await bench.fake.bundle();
  if (typeof bundle !== 'string') throw new Error(bundle.reason);
  const { before, tasks = [], next } = cell.scenario;
  const request: InterleaveRequest = { bundle, now: Date.now(), before, plays: [tasks], next, ...REQUEST };
  const cpu = childrenSeconds();
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => bench.fake.run(request)));
  const seconds = (performance.now() - started) / 1000;
  const used = childrenSeconds() - cpu;
  const results = answers.flatMap((answer) => (answer.kind === 'told' ? answer.told : []));
  const sum = (count: (result: (typeof results)[number]) => number): number => results.reduce((total, result) => total + count(result), 0);
  const [runs, crashes] = [sum((result) => result.runs), sum((result) => result.crashes)];
  const rate = (count: number, time: number): string => Math.round(count / time).toLocaleString('en-US');
  console.log(
    `${name}/${SCENARIO}: ${rate(runs, seconds)} schedules and ${rate(crashes, seconds)} judged crashes per second, ${AT_ONCE} at a time`,
    `(${runs.toLocaleString('en-US')} schedules, ${sum((result) => result.trees)} trees recovered; ${rate(runs * AT_ONCE, used)} per second of ${AT_ONCE} CPUs)`,
  );
  bench.dispose();
  await benches.close();
}
