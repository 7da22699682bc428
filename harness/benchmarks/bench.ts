/**
 * `npm run bench`: rates by model, how fast states of power loss are enumerated, how fast trees are recovered and judged, and what a kill
 * costs. The cost of a kill is printed as ratios measured in one run.
 *
 * Each ratio is the median over rounds, and each round measures both sides one after the other, because the speed of a shared machine
 * drifts by more than what is measured. Bare starts and children have the same environment.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Bench } from '../bench/bench.ts';
import type { Again, RecordedSubject } from '../bench/subject.ts';
import { type Session, withSession } from '../cli/session.ts';
import { crashCase, type KillState } from '../models/crash/crash-state.ts';
import { treeOf } from '../models/crash/explore.ts';
import type { Cell } from '../models/model.ts';
import { kill } from '../models/process-kill/kill.ts';
import { killStates } from '../models/process-kill/kill-states.ts';
import { recoverAndBelieve } from '../recover/believe.ts';
import { bareStart, start } from './bare-start.ts';
import { cellsOf, median, recordedOn, withBench } from './cells.ts';
import { benchPowerLoss } from './power-loss.ts';
import { benchRates } from './rates.ts';
import { benchRecovery } from './recovery.ts';
import { benchSchedules } from './schedules.ts';

const ROUNDS = 9;
const BARE_STARTS = 40;
/** Kills of a round, at least: enough that filling and draining the line of children does not count. */
const KILLS = 60;
/** The hand-written loop is slow; a few boundaries of it are enough. */
const LOOP_BOUNDARIES = 3;

const PLAIN_STORE = `
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
export default {
  name: 'ten-lines',
  save: (dir: string, value: object) => {
    writeFileSync(dir + '/notes.json.tmp', JSON.stringify(value));
    renameSync(dir + '/notes.json.tmp', dir + '/notes.json');
  },
  load: (dir: string) => JSON.parse(readFileSync(dir + '/notes.json', 'utf8')),
};
`;
/** One step of the loop that one writes by hand: the save kills itself. */
const LOOP_PROGRAM = `
import store from './store.ts';
const [step, directory] = process.argv.slice(2);
if (step === 'load') store.load(directory);
else store.save(directory, { step, text: 'x'.repeat(800) });
if (step === 'save') process.kill(process.pid, 'SIGKILL');
`;

/** Milliseconds of one kill with its check, recovery and judgement. */
async function wholeKill(bench: Bench, subject: RecordedSubject, again: Again, states: readonly KillState[]): Promise<number> {
  const { store, scenario, recorder, recovery } = bench;
  const options = { store: store.name, next: scenario.next, confirm: false };
  const one = async (state: KillState): Promise<void> => {
    const directory = await kill(recorder, again, state, store.name);
    if (typeof directory !== 'string') throw new Error(directory.reason);
    const killed = crashCase(subject, state);
    await recoverAndBelieve(recovery, [{ case: killed, run: undefined, kind: '', sightings: [{ ...treeOf(killed), directory }] }], options);
  };
  const all = Array.from({ length: Math.ceil(KILLS / states.length) }, () => states).flat();
  const started = performance.now();
  await Promise.all(all.map(one));
  return (performance.now() - started) / all.length;
}

/** Milliseconds per boundary of init, save (killed) and load, each a start of its own, one after the other. */
async function handWrittenLoop(directory: string, program: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now();
  for (let boundary = 0; boundary < LOOP_BOUNDARIES; boundary += 1) {
    const store = mkdtempSync(join(directory, 'loop-'));
    for (const step of ['init', 'save', 'load']) await start([...program, step, store], env);
  }
  return (performance.now() - started) / LOOP_BOUNDARIES;
}

async function measure(cell: Cell, session: Session, directory: string): Promise<void> {
  await withBench(session, cell, {}, (bench) => measureOn(bench, session, directory));
}

async function measureOn(bench: Bench, session: Session, directory: string): Promise<void> {
  const subject = await recordedOn(bench);
  const states = killStates(subject.trace).states.filter(({ how }) => how === 'killed');
  const rounds: { readonly bare: number; readonly kill: number; readonly typescript: number; readonly bundled: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const bare = await bareStart(session.env, BARE_STARTS);
    const whole = await wholeKill(bench, subject, subject.again, states);
    const typescript = await handWrittenLoop(directory, ['--import', 'tsx', join(directory, 'loop.ts')], session.env);
    const bundled = await handWrittenLoop(directory, [join(directory, 'loop.mjs')], session.env);
    if (round > 0) rounds.push({ bare, kill: whole, typescript, bundled }); // the first one warms up
  }
  const of = (value: (round: (typeof rounds)[number]) => number): string => median(rounds.map(value)).toFixed(2).padStart(8);
  console.log(
    `${bench.store.name}/${bench.scenario.name}: ${subject.trace.ops.length} ops, recorder ${session.recorder.name}, medians of ${ROUNDS} rounds`,
  );
  console.log(`${of(({ bare }) => bare)} ms  a bare node -e 0, two at a time`);
  console.log(`${of((round) => round.kill)} ms  a kill, checked, recovered and judged`);
  console.log(`${of((round) => round.kill / round.bare)} x   a kill over a bare start`);
  console.log(`${of((round) => round.typescript / round.kill)} x   a loop of three starts, TypeScript by tsx, over a kill`);
  console.log(`${of((round) => round.bundled / round.kill)} x   the same loop, bundled, over a kill`);
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'crash-matrix.bench-'));
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'store.ts'), PLAIN_STORE);
    writeFileSync(join(directory, 'loop.ts'), LOOP_PROGRAM);
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    await build({
      entryPoints: [join(directory, 'loop.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(directory, 'loop.mjs'),
    });
    await withSession(undefined, async (session) => {
      const wanted = { stores: [join(directory, 'store.ts'), 'hardened'], scenario: 'replace', model: 'process-kill' };
      for (const cell of await cellsOf(session, wanted)) await measure(cell, session, directory);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await benchRates();
console.log();
benchPowerLoss();
console.log();
await benchRecovery();
await benchSchedules();
console.log();
await main();
