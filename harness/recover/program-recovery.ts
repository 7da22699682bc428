/**
 * What became of a program's directory, as its check says or, without a check, as the program itself shows when it is run again. Each tree is
 * looked at in a copy, by processes that have done nothing else.
 */

import { keysOf } from '../domain/json.ts';
import { ACKED_VARIABLE, DIRECTORY_VARIABLE, namesAsValue, type Program, withDirectory } from '../domain/program.ts';
import type { Loaded, RecoveredTree, Recovery } from '../domain/recovery.ts';
import type { Json, Tree } from '../domain/trace.ts';
import { buildTree, scanTree, treeKey } from '../domain/tree.ts';
import { type CommandEnd, inShell, runCommand } from '../machine/run-command.ts';
import { layOut } from '../machine/stage.ts';
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
  const look = (tree: Tree, given: Json): Promise<Loaded> => lookedAt(program, tree, given, options);
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
      const answer = known.get(key) ?? inLane(async () => ({ recovery: { load: await look(tree, given), isChecked: true }, left: [] }));
      known.set(key, answer);
      return answer;
    };
  };
  const [first, again] = [answers(), answers()];
  const recoveryOf = async ({ recovery }: RecoveredTree): Promise<Recovery> => recovery;
  return {
    whenFresh: await look(start, namesAsValue([])),
    adds: [],
    isSlow: false,
    givenBy: ({ acknowledged }) => namesAsValue(Object.keys(keysOf(acknowledged))),
    recover: async (directory, given) => first(scanTree(directory), given).then(recoveryOf),
    recoverTrees: (trees, given, onDone = () => {}) => {
      let done = 0;
      return Promise.all(
        trees.map(async (tree) => {
          const answer = await first(tree, given);
          done += 1;
          onDone(done);
          return answer;
        }),
      );
    },
    confirm: (tree, given) => again(tree, given).then(recoveryOf),
    warmIsTrue: async () => true,
  };
}

async function lookedAt(
  program: Program,
  tree: Tree,
  given: Json,
  { makeDirectory, env, timeoutMs }: Omit<ProgramRecoveryOptions, 'start' | 'lanes'>,
): Promise<Loaded> {
  const notes = makeDirectory();
  try {
    const { cwd, directory } = layOut(notes, program);
    buildTree(tree, directory);
    const names = Object.keys(keysOf(given));
    const variables = { ...env, [DIRECTORY_VARIABLE]: directory, [ACKED_VARIABLE]: names.join('\n') };
    const check = program.check ?? '';
    const command = inShell(withDirectory(check, directory));
    return answerOf(await runCommand({ command, cwd, env: variables, notes, timeoutMs }), names, timeoutMs);
  } finally {
    discard(notes);
  }
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
export function saidBy({ errors, output }: Pick<CommandEnd, 'errors' | 'output'>): string {
  const text = errors.trim() || output.trim();
  return text === '' ? '' : `: ${text.split('\n').slice(-MOST_LINES).join(' / ')}`;
}
