/**
 * From crash states to verdicts: each is recovered and judged, and a loss is confirmed by a process that has done nothing else.
 */
import { type Bench, type Cell, caseId, type Doubt } from '../check.ts';
import { UsageError } from '../domain/errors.ts';
import { buildTree, listFiles } from '../domain/tree.ts';
import type { CrashState, KillState } from '../explore/crash-state.ts';
import { kill } from '../models/process-kill/kill.ts';
import type { NotRecorded, Recording } from '../record/record.ts';
import { doubtedLosses } from './confirm.ts';
import type { Found, Oracle, Verdict } from './oracle.ts';
import { isLoss } from './outcome.ts';

type Judged = Verdict | Doubt;

/** Every state by a real kill or, when observing, by a copy of what was seen there. */
export async function judgeKills(
  cell: Cell,
  bench: Bench,
  oracle: Oracle,
  states: readonly CrashState[],
  recording: Recording,
): Promise<readonly Judged[]> {
  const { recovery } = bench;
  const judge = async (state: CrashState, directory: string): Promise<Verdict> => {
    const found = { recovery: await recovery.recover(directory, oracle.next), left: listFiles(directory) };
    const verdict = oracle.judge(state, found);
    return isLoss(verdict.outcome) ? oracle.judge(state, { ...found, recovery: await recovery.confirm(state.tree, oracle.next) }) : verdict;
  };
  const judgeAll = (observe: boolean): Promise<Judged[]> => {
    let done = 0;
    return Promise.all(
      states.map(async (state) => {
        const directory = observe ? copied(state, bench) : await killed(state as KillState, cell, bench, recording);
        const judged = typeof directory === 'string' ? await judge(state, directory) : { state, doubt: directory.reason };
        done += 1;
        bench.onProgress({ kind: 'state-judged', of: states.length, done });
        return judged;
      }),
    );
  };
  const judged = await judgeAll(bench.observe);
  return mustLoadJson(cell, (await recovery.warmIsTrue()) ? judged : await judgeAll(true));
}

async function killed(state: KillState, cell: Cell, bench: Bench, recording: Recording): Promise<string | NotRecorded> {
  if (state.how === 'ended') return recording.endDirectory;
  const reached = await kill(bench.recorder, recording, state, bench.prepare, caseId(cell, state));
  return reached.kind === 'killed' ? reached.directory : reached;
}

function copied({ tree }: CrashState, bench: Bench): string {
  const directory = bench.makeDirectory();
  buildTree(tree, directory);
  return directory;
}

/**
 * States that are trees and nothing else, thousands of them: each distinct one is recovered once, and losses are confirmed kind by kind.
 */
export async function judgeTrees(cell: Cell, bench: Bench, oracle: Oracle, states: readonly CrashState[]): Promise<readonly Verdict[]> {
  const { recovery } = bench;
  const confirm = async (verdict: Verdict): Promise<Verdict> =>
    oracle.judge(verdict.state, { ...verdict, recovery: await recovery.confirm(verdict.state.tree, oracle.next) });
  const judgeAll = async (): Promise<Verdict[]> => {
    const onDone = (done: number): void => bench.onProgress({ kind: 'state-judged', of: states.length, done });
    const trees = states.map(({ tree }) => tree);
    const found = await recovery.recoverTrees(trees, oracle.next, onDone);
    const verdicts = states.map((state, index) => oracle.judge(state, found[index] as Found)); // one answer for each tree
    const doubted = await doubtedLosses(verdicts, kindOf, async (verdict) => (await confirm(verdict)).outcome);
    return Promise.all(verdicts.map((verdict) => (doubted.has(verdict) ? confirm(verdict) : verdict)));
  };
  const verdicts = await judgeAll();
  return mustLoadJson(cell, (await recovery.warmIsTrue()) ? verdicts : await judgeAll());
}

/** By loads and saves that ended alike. */
function kindOf({ recovery: { load, save, secondLoad } }: Verdict): string {
  return [load.kind, save?.kind, secondLoad?.kind].join();
}

function mustLoadJson<Item extends Judged>({ store }: Cell, judged: readonly Item[]): readonly Item[] {
  for (const item of judged) {
    if (!('recovery' in item) || item.recovery.load.kind !== 'not-json') continue;
    throw new UsageError(
      `load of store ${store.name} returned ${item.recovery.load.what}, which is not JSON`,
      'It must return a value like the one that save was given.',
    );
  }
  return judged;
}
