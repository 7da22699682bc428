/**
 * What became of a program's directory, as its check says or, without a check, as the program itself shows when it is run again. Each tree is
 * looked at in a copy, by processes that have done nothing else.
 */

import { allCounted } from '../domain/counted-work.ts';
import { timesOnDisk } from '../domain/file-times.ts';
import { keysOf } from '../domain/json.ts';
import { ACKED_VARIABLE, DIRECTORY_VARIABLE, namesAsValue, type Program, withDirectory } from '../domain/program.ts';
import type { Loaded, RecoveredTree, Recovery } from '../domain/recovery.ts';
import type { Json, Tree, Variation } from '../domain/trace.ts';
import { buildTree, differenceBetweenRuns, type RunTree, scanTree, treeKey } from '../domain/tree.ts';
import { inTime } from '../domain/tree-times.ts';
import { type CommandEnd, inShell, runCommand } from '../machine/run-command.ts';
import { layOut, type Stage } from '../machine/stage.ts';
import { discard } from '../machine/workspace.ts';
import type { StoreRecovery } from './recovery-of.ts';

export interface ProgramRecoveryOptions {
  /** What runs start with. */
  readonly start: Tree;
  readonly makeDirectory: () => string;
  readonly env: { readonly [name: string]: string };
  /** Limit for each check, in ms. */
  readonly timeoutMs: number;
  /** How many go on at the same time. */
  readonly lanes: number;
}

/** Lines of an error that are shown. */
const MOST_LINES = 3;

export async function programRecovery(program: Program, { start, ...options }: ProgramRecoveryOptions): Promise<StoreRecovery> {
  const { lanes } = options;
  let goal: Goal | undefined;
  const lookedBy = program.check === undefined ? 'rerun' : 'check';
  const look = async (tree: Tree, given: Json): Promise<Loaded> =>
    program.check === undefined
      ? reached(await runAgain(program, tree, options), goal, given)
      : checked(program.check, program, tree, given, options);
  const waiting: (() => Promise<void>)[] = [];
  let busy = 0;
  const next = (): void => {
    const work = busy < lanes ? waiting.shift() : undefined;
    if (work === undefined) return;
    busy += 1;
    void work().finally(() => {
      busy -= 1;
      next();
    });
  };
  const inLane = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push(() => work().then(resolve, reject));
      next();
    });
  const answers = (): ((tree: Tree, given: Json) => Promise<RecoveredTree>) => {
    const known = new Map<string, Promise<RecoveredTree>>();
    return (tree, given) => {
      const key = `${JSON.stringify(given)}\n${treeKey(tree)}`;
      const answer = known.get(key) ?? inLane(async () => ({ recovery: { load: await look(tree, given), lookedBy }, left: [] }));
      known.set(key, answer);
      return answer;
    };
  };
  const [first, again] = [answers(), answers()];
  const recoveryOf = async ({ recovery }: RecoveredTree): Promise<Recovery> => recovery;
  return {
    whenFresh: program.check === undefined ? { kind: 'loaded' } : await look(start, namesAsValue([])),
    adds: [],
    readsTimes: true,
    isSlow: false,
    givenBy: ({ acknowledged }) => namesAsValue(Object.keys(keysOf(acknowledged))),
    ...(program.check === undefined && {
      aimAt: async (end: RunTree, variation: Variation) => {
        goal = { ends: [end, await runAgain(program, end.tree, options)], variation };
      },
    }),
    recover: async (directory, given) => first(scanInTime(directory), given).then(recoveryOf),
    recoverTrees: (trees, given, onDone = () => {}) => allCounted(trees, (tree) => first(tree, given), onDone),
    confirm: (tree, given) => again(tree, given).then(recoveryOf),
    controlled: (recover) => recover('first'),
  };
}

/** With the times of its files. */
function scanInTime(directory: string): Tree {
  const tree = scanTree(directory);
  return inTime(tree, timesOnDisk(directory, tree));
}

type LookOptions = Omit<ProgramRecoveryOptions, 'start' | 'lanes'>;

/** A tree as the program's directory, with what lies beside it. It is gone when the work is done. */
export async function inCopy<T>(
  program: Program,
  tree: Tree,
  makeDirectory: () => string,
  work: (copy: Stage & { readonly notes: string }) => Promise<T>,
): Promise<T> {
  const notes = makeDirectory();
  try {
    const stage = layOut(notes, program);
    buildTree(tree, stage.directory);
    return await work({ ...stage, notes });
  } finally {
    discard(notes);
  }
}

function checked(check: string, program: Program, tree: Tree, given: Json, options: LookOptions): Promise<Loaded> {
  const { timeoutMs } = options;
  const names = Object.keys(keysOf(given));
  return inCopy(program, tree, options.makeDirectory, async ({ cwd, directory, notes }) => {
    const env = { ...options.env, [DIRECTORY_VARIABLE]: directory, [ACKED_VARIABLE]: names.join('\n') };
    const command = inShell(withDirectory(check, directory));
    return answerOf(await runCommand({ command, cwd, env, notes, timeoutMs }), names, timeoutMs);
  });
}

/** What a run that was not crashed leaves, and what two leave. */
interface Goal {
  readonly ends: readonly RunTree[];
  readonly variation: Variation;
}

/** What another run leaves. `trouble`: how it ended, if not well. */
interface Rerun extends RunTree {
  readonly trouble?: string;
}

function runAgain(program: Program, tree: Tree, options: LookOptions): Promise<Rerun> {
  return inCopy(program, tree, options.makeDirectory, async ({ cwd, directory, notes }) => {
    const env = { ...options.env, [DIRECTORY_VARIABLE]: directory };
    const command = program.command.map((word) => withDirectory(word, directory));
    const end = await runCommand({ command, cwd, env, notes, timeoutMs: options.timeoutMs });
    const trouble = troubleIn(end, options.timeoutMs)?.replaceAll(directory, '<dir>');
    return { tree: scanTree(directory), pid: end.pid, ...(trouble !== undefined && { trouble }) };
  });
}

/** How a command ended, if not well: in words that follow its name. */
export function troubleIn(end: CommandEnd, timeoutMs: number): string | undefined {
  switch (end.how) {
    case 'exited':
      return end.code === 0 ? undefined : `ends with exit code ${end.code}${saidBy(end)}`;
    case 'crashed':
      return `dies (${end.signal})`;
    case 'timed-out':
      return `does not end within ${timeoutMs / 1000} s`;
    case 'not-started':
      return `cannot be started: ${end.why}`;
    default:
      return end satisfies never;
  }
}

/** Entries of a difference that are named. */
const MOST_ENTRIES = 3;

function shortened(difference: string): string {
  const entries = difference.split('; ');
  const more = entries.length - MOST_ENTRIES;
  return [...entries.slice(0, MOST_ENTRIES), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** How it ends does not count: a second run of a program may well find nothing to do, and say so by its exit code. */
function reached({ trouble, ...found }: Rerun, goal: Goal | undefined, given: Json): Loaded {
  if (goal === undefined) throw new Error('it is not known what the program must reach');
  const differences = goal.ends.map((end) => differenceBetweenRuns(end, found, goal.variation));
  if (differences.includes(undefined)) return { kind: 'loaded', value: given };
  const how = trouble === undefined ? '' : `${trouble}, and `;
  return {
    kind: 'unclear',
    why: `run again after the crash, the program ${how}leaves another directory than without one: ${shortened(differences[0] ?? '')}; a --check can say whether that is a loss`,
  };
}

/** A check that says nothing but yes has found all that it was asked for. */
function answerOf(end: CommandEnd, names: readonly string[], timeoutMs: number): Loaded {
  switch (end.how) {
    case 'timed-out':
      return { kind: 'hung', afterMs: timeoutMs };
    case 'crashed':
      return { kind: 'ended', how: end.signal };
    case 'not-started':
      return { kind: 'ended', how: end.why };
    case 'exited':
      if (end.code !== 0) return { kind: 'threw', error: `exit code ${end.code}${saidBy(end)}` };
      return foundIn(end.output, names);
    default:
      return end satisfies never;
  }
}

function foundIn(output: string, names: readonly string[]): Loaded {
  const text = output.trim();
  if (!text.startsWith('{')) return { kind: 'loaded', value: namesAsValue(names) };
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    return { kind: 'threw', error: `its output begins like JSON and is none: ${(error as Error).message}` };
  }
  const found = (answer as { found?: unknown }).found;
  if (!Array.isArray(found) || !found.every((name) => typeof name === 'string'))
    return { kind: 'threw', error: 'its output is JSON without a list of names: {"found": ["name", …]}' };
  return { kind: 'loaded', value: namesAsValue(found) };
}

/** The last lines of what it printed. */
function saidBy({ errors, output }: Pick<CommandEnd, 'errors' | 'output'>): string {
  const text = errors.trim() || output.trim();
  return text === '' ? '' : `: ${text.split('\n').slice(-MOST_LINES).join(' / ')}`;
}
