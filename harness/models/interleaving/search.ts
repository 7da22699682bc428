/**
 * Enumerates the schedules of tasks by running them again and again from the start (stateless model checking).
 *
 * Schedules with fewer preemptions (switches away from a task that could have continued) come first, so the first failure found needs the
 * fewest. A known state is not explored again: its tree, its events and the observations of each task are the same, so all that follows is
 * the same. That holds for tasks that communicate only through the directory. Tasks of one process also share its memory. There some runs
 * (all of the first, later one in ten) continue past a known state, and must reach the same next states as the run before. If one does not,
 * states are no longer folded, and all schedules are enumerated up to the limit.
 */
import type { Choice, CrashPoint, ReplayState, Scene } from './scene.ts';

export interface SearchLimits {
  /** Limit for runs; the remaining schedules are not enumerated. */
  readonly runs: number;
  /** Limit for preemptions. Default: no limit. */
  readonly preemptions?: number;
  /** Enumerates every schedule, without folding equal states. Default: false. */
  readonly unfolded?: boolean;
}

/** A point at which a run can be judged: a crash of everything, or its end. */
export interface Judgeable {
  readonly how: 'crashed' | 'ended';
  readonly moment: CrashPoint;
  readonly preemptions: number;
  readonly stuck?: string;
}

export interface Searched {
  readonly kind: 'exhaustive' | 'bounded';
  /** Runs, each with a different schedule. */
  readonly runs: number;
  /** Distinct states of directory and tasks. */
  readonly states: number;
  /** Effects of all runs, including those of repeated prefixes. */
  readonly effects: number;
  /** Number of preemptions up to which the enumeration is complete; -1 if it is incomplete even without any. */
  readonly complete: number;
  /** Two runs continued differently from the same state: tasks share memory that no state contains. */
  readonly memory: boolean;
  /** A call that the fake does not support, or the reason why the tasks could not begin. */
  readonly refused?: string;
}

/** Called after each run, with its new points and all its choices. */
export type OnRun = (found: readonly Judgeable[], choices: readonly Choice[]) => Promise<void>;

/** Which runs continue past a known state, to check that states contain everything: all of the first, then one in so many. */
const CHECKED_FIRST = 30;
const CHECKED_LATER = 10;

/** By state: the next state if the same task continues; empty if not known yet. */
type Seen = Map<string, string>;

export async function search(scene: Scene, limits: SearchLimits, onRun: OnRun): Promise<Searched> {
  const folded = await enumerate(scene, limits, onRun, limits.unfolded !== true);
  if (!folded.memory) return folded;
  const unfolded = await enumerate(scene, limits, onRun, false);
  return { ...unfolded, runs: folded.runs + unfolded.runs, memory: true };
}

async function enumerate(scene: Scene, limits: SearchLimits, onRun: OnRun, folds: boolean): Promise<Searched> {
  const levels: Prefix[][] = [[{ path: [], length: 0 }]];
  const seen: Seen = new Map();
  const sharesMemory = folds && scene.options.instances === 'shared';
  const most = limits.preemptions ?? Number.POSITIVE_INFINITY;
  let [runs, effects, preemptions] = [0, 0, 0];
  const result = (kind: Searched['kind'], more: Partial<Searched> = {}): Searched => {
    return { kind, runs, effects, states: seen.size, complete: preemptions - 1, memory: false, ...more };
  };
  for (; preemptions < levels.length && preemptions <= most; preemptions += 1) {
    const level = levels[preemptions] ?? [];
    // Runs append to their own level and to the next; earlier switches come first.
    for (let place = 0; place < level.length; place += 1) {
      const prefix = level[place] as Prefix;
      if (runs === limits.runs) return result('bounded');
      runs += 1;
      delete level[place];
      const passesKnown = sharesMemory && (runs <= CHECKED_FIRST || runs % CHECKED_LATER === 0);
      const passed = await run(scene, prefix, { seen, folds, sharesMemory, passesKnown });
      if (typeof passed === 'string') return result('bounded', { refused: passed });
      if (passed.memory) return result('bounded', { memory: true });
      effects += scene.effects;
      const path = scene.choices.map(({ task }) => task);
      for (const { others, at, preempts, replayState } of passed.branches) {
        const cost = preemptions + (preempts ? 1 : 0);
        levels[cost] ??= [];
        for (const other of others) levels[cost].push({ path, length: at, other, replayState });
      }
      await onRun(
        passed.found.map((one) => ({ ...one, preemptions })),
        scene.choices,
      );
    }
  }
  return result(levels.slice(preemptions).some((level) => level.length > 0) ? 'bounded' : 'exhaustive');
}

/** The forced choices at the start of a run: the first `length` of another run's `path`, and one other choice. */
interface Prefix {
  readonly path: readonly number[];
  readonly length: number;
  readonly other?: number;
  /** After the choices of the other run. */
  readonly replayState?: ReplayState;
}

/** A point, after `at` choices, where other tasks could have continued. */
interface Branch {
  readonly at: number;
  readonly others: readonly number[];
  readonly preempts: boolean;
  readonly replayState: ReplayState;
}

interface Passed {
  readonly found: readonly Omit<Judgeable, 'preemptions'>[];
  readonly branches: readonly Branch[];
  readonly memory: boolean;
}

interface RunOptions {
  readonly seen: Seen;
  readonly folds: boolean;
  readonly sharesMemory: boolean;
  /** Continue past a known state. */
  readonly passesKnown: boolean;
}

async function run(scene: Scene, prefix: Prefix, { seen, folds, sharesMemory, passesKnown }: RunOptions): Promise<Passed | string> {
  scene.isReplay = prefix.other !== undefined;
  const failure = await scene.start();
  if (failure !== undefined) return failure;
  const branches: Branch[] = [];
  let last = -1;
  let newPoints: number | undefined;
  let before: string | undefined;
  for (let place = 0; ; place += 1) {
    const ready = scene.ready();
    if (scene.world.refused !== undefined) return scene.world.refused;
    let choice = place < prefix.length ? prefix.path[place] : place === prefix.length ? prefix.other : undefined;
    if (choice !== undefined) {
      if (!ready.includes(choice)) throw new Error('a run diverged from the choices that it repeats');
      if (place === prefix.length && prefix.replayState !== undefined) scene.resumeFrom(prefix.replayState);
    } else {
      const key = folds ? `${scene.stateKey()} ${last}` : String(seen.size);
      if (before !== undefined) {
        const after = seen.get(before);
        if (after === '') seen.set(before, key);
        else if (after !== key && sharesMemory) return { found: [], branches, memory: true };
      }
      if (ready.length === 0) break;
      const stays = ready.includes(last);
      choice = stays ? last : (ready[0] as number);
      if (newPoints === undefined && seen.has(key)) newPoints = scene.crashPoints.length;
      if (newPoints !== undefined && !passesKnown) break;
      if (newPoints === undefined) {
        seen.set(key, '');
        const others = ready.filter((task) => task !== choice);
        if (others.length > 0) branches.push({ at: place, others, preempts: stays, replayState: scene.replayState() });
      }
      before = key;
    }
    await scene.advance(choice);
    last = choice;
  }
  const found: Omit<Judgeable, 'preemptions'>[] = scene.crashPoints
    .slice(0, newPoints)
    .map((point) => ({ how: 'crashed', moment: { ...point } }));
  if (newPoints === undefined) {
    const { stuck } = scene;
    if (stuck === undefined) await scene.close();
    if (scene.world.refused !== undefined) return scene.world.refused;
    found.push({ how: 'ended', moment: scene.crashPoint(), ...(stuck !== undefined && { stuck }) });
  }
  return { found, branches, memory: false };
}
