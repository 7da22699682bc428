/**
 * How many power-loss states are recovered and judged in a second, with two recovering processes.
 *
 * CPU time is that of this process (which codes the trees, reads the answers and judges) and of the recovering ones. It says more than
 * the seconds do where others use the machine.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench/bench.ts';
import { type Session, withSession } from '../cli/session.ts';
import { powerLossStates } from '../persistence/power-loss.ts';
import { PROFILES } from '../persistence/profiles.ts';
import { createRecoveryPool } from '../recover/pool.ts';
import { recoveryOf } from '../recover/recovery-of.ts';
import { cellsOf, median, recordedOn, withBench } from './cells.ts';

const CELLS = ['hardened/replace', 'hardened/large', 'copy-then-replace/large'];
const WORKERS = 2;
const ROUNDS = 7;
const STATES = 10_000;
/** The kernel counts CPU time in hundredths of a second. */
const TICK_US = 10_000;

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

async function measure(bench: Bench, session: Session): Promise<void> {
  const { store, scenario } = bench;
  const { trace, oracle } = await recordedOn(bench);
  const states = [...powerLossStates(trace, PROFILES.posix, { limit: STATES })].map((state) => ({
    boundary: state.boundary,
    tree: state.toTree(),
  }));
  const { recoverer, recoveryServer } = session.installation;
  const pool = createRecoveryPool({ recoverer, recoveryServer, cwd: session.cwd, env: session.env, workers: WORKERS, timeoutMs: 10_000 });
  const inMemory = (): string => session.workspace.directoryInMemory('bench');
  const rounds: { readonly perSecond: number; readonly own: number; readonly workers: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const recovery = await recoveryOf(store, pool, inMemory, inMemory); // knows nothing of the round before
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
    // The first one starts the processes.
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

/** Prints states judged per second. Needs Linux, and a machine that does nothing else. */
export async function benchRecovery(): Promise<void> {
  await withSession(undefined, async (session) => {
    for (const name of CELLS) {
      const [store = '', scenario = ''] = name.split('/');
      for (const cell of await cellsOf(session, { stores: [store], scenario, model: 'process-kill' }))
        await withBench(session, cell, { kills: 'observed', states: STATES, seed: 1 }, (bench) => measure(bench, session));
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchRecovery();
