/**
 * How many power-loss states are recovered and judged per second, with two recovery processes.
 *
 * CPU time is that of this process (which encodes the trees, reads the answers and judges) and of the recovery processes. On a shared
 * machine it is more reliable than elapsed time.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench/bench.ts';
import { openBenches } from '../bench/open-benches.ts';
import type { RecordedSubject } from '../bench/subject.ts';
import { type Session, withSession } from '../cli/session.ts';
import { selectCells } from '../cli/stores.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { Cell } from '../models/model.ts';
import { powerLossStates } from '../persistence/power-loss.ts';
import { PROFILES } from '../persistence/profiles.ts';
import { createRecoveryPool } from '../recover/pool.ts';
import { recoveryOf } from '../recover/recovery-of.ts';

const CELLS = ['hardened/replace', 'hardened/large', 'copy-then-replace/large'];
const WORKERS = 2;
const ROUNDS = 7;
const STATES = 10_000;
/** The kernel counts CPU time in hundredths of a second. */
const TICK_US = 10_000;

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** CPU time of the living child processes, in microseconds. */
function childrenUs(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.reduce((sum, pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return sum + (Number(fields[11]) + Number(fields[12])) * TICK_US;
    } catch {
      return sum; // it has ended
    }
  }, 0);
}

async function measure({ store, scenario }: Cell, session: Session): Promise<void> {
  const effort = { observe: true, depth: 1, limit: STATES, seed: 1 } as const;
  const benches = openBenches({ ...session, effort, timeoutMs: 10_000, onProgress: () => {} });
  await benches.forScenario(store, scenario, async (bench) => {
    const subject = await bench.recorded();
    if (isNotMeasured(subject)) throw new Error(subject.reason);
    await measureStates(subject, bench, session);
  });
  await benches.close();
}

async function measureStates({ trace, oracle }: RecordedSubject, { store, scenario }: Bench, session: Session): Promise<void> {
  const states = [...powerLossStates(trace, PROFILES.posix, { limit: STATES })].map((state) => ({
    boundary: state.boundary,
    tree: state.toTree(),
  }));
  const { recoverer } = session.installation;
  const pool = createRecoveryPool({ recoverer, cwd: session.cwd, env: session.env, workers: WORKERS, timeoutMs: 10_000 });
  const inMemory = (): string => session.workspace.directoryInMemory('bench');
  const rounds: { readonly perSecond: number; readonly own: number; readonly workers: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const recovery = await recoveryOf(store, pool, inMemory, inMemory); // without the cache of the previous round
    const [started, own, children] = [performance.now(), process.cpuUsage(), childrenUs()];
    const found = await recovery.recoverTrees(
      states.map(({ tree }) => tree),
      scenario.next,
    );
    for (const [index, { boundary, tree }] of states.entries()) {
      const answer = found[index];
      if (answer === undefined) throw new Error(`state ${index} has no answer`);
      oracle(boundary, tree, answer);
    }
    const { user, system } = process.cpuUsage(own);
    const perSecond = states.length / ((performance.now() - started) / 1000);
    // The first round starts the processes.
    if (round > 0) rounds.push({ perSecond, own: (user + system) / states.length, workers: (childrenUs() - children) / states.length });
  }
  await pool.close();
  const of = (value: (round: (typeof rounds)[number]) => number): string => Math.round(median(rounds.map(value))).toLocaleString('en-US');
  console.log(
    `${store.name}/${scenario.name}, posix: ${states.length.toLocaleString('en-US')} states, medians of ${ROUNDS} rounds\n` +
      `${of(({ perSecond }) => perSecond).padStart(8)} /s  recovered and judged, ${WORKERS} processes\n` +
      `${of(({ workers }) => workers).padStart(8)} us  CPU time for a state in these processes\n` +
      `${of(({ own }) => own).padStart(8)} us  CPU time for a state in the harness`,
  );
}

/** Prints states judged per second. Needs Linux and an otherwise idle machine. */
export async function benchRecovery(): Promise<void> {
  await withSession(undefined, async (session) => {
    for (const name of CELLS) {
      const [store = '', scenario = ''] = name.split('/');
      const selection = { stores: [store], scenarios: [scenario], models: ['process-kill'], strict: false, timeoutMs: 10_000 };
      for (const cell of (await selectCells(session, selection, Date.now())).cells) await measure(cell, session);
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchRecovery();
