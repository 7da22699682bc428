/**
 * Every order in which tasks can go on, by running them again and again from the start (stateless model checking).
 *
 * Orders with fewer preemptions (switches away from a task that could have gone on) come first, so what is found first needs the fewest.
 * A state that was met before is not told again: the tree, what each task has observed and what had been promised are the same, so all
 * that follows is the same. That holds for tasks that know of each other by the directory alone. Tasks of one process share its memory too:
 * there a run that meets a known state goes on to its end all the same (each of the first ones, later one in so many), and must pass the
 * states that the run before it passed. If one does not, nothing is folded any more, and all orders are told one by one as far as the limit
 * allows.
 */
import type { Choice, Moment, Scene, SceneMemory } from './scene.ts';

export interface SearchLimits {
  /** Runs, after which what is left is not told any more. */
  readonly runs: number;
  /** Preemptions; as many as there can be, if it is not given. */
  readonly preemptions?: number;
  /** Tells every order one by one, whatever states they have in common. Default: false. */
  readonly unfolded?: boolean;
}

/** Where a run could be judged: everything crashed there, or it was the end. */
export interface Judgeable {
  readonly how: 'crashed' | 'ended';
  readonly moment: Moment;
  readonly preemptions: number;
  readonly stuck?: string;
}

export interface Searched {
  readonly kind: 'exhaustive' | 'bounded';
  /** Runs, each in an order of its own. */
  readonly runs: number;
  /** Different states of directory and tasks. */
  readonly states: number;
  /** Effects of all runs, with those of repeated beginnings. */
  readonly effects: number;
  /** Preemptions up to which everything was told; -1: not even those without any. */
  readonly complete: number;
  /** Two runs went on differently from the same state: memory that no state shows is at work. */
  readonly memory: boolean;
  /** What the fake does not have and the store asked for, or why the tasks could not begin. */
  readonly refused?: string;
}

/** Called after each run, with what was new in it and with all its choices. */
export type OnRun = (found: readonly Judgeable[], choices: readonly Choice[]) => Promise<void>;

/** Runs that meet a known state and go on to their end, to see that it was all there is to know: all of the first, then one in so many. */
const CHECKED_FIRST = 30;
const CHECKED_LATER = 10;

/** The state that came next when no task was switched; empty if none has come yet. */
type Seen = Map<string, string>;

export async function search(scene: Scene, limits: SearchLimits, onRun: OnRun): Promise<Searched> {
  const folded = await tell(scene, limits, onRun, limits.unfolded !== true);
  if (!folded.memory) return folded;
  const unfolded = await tell(scene, limits, onRun, false);
  return { ...unfolded, runs: folded.runs + unfolded.runs, memory: true };
}

async function tell(scene: Scene, limits: SearchLimits, onRun: OnRun, folds: boolean): Promise<Searched> {
  const levels: Beginning[][] = [[{ path: [], length: 0 }]];
  const seen: Seen = new Map();
  const sharesMemory = folds && scene.options.instances === 'shared';
  const most = limits.preemptions ?? Number.POSITIVE_INFINITY;
  let [runs, effects, preemptions] = [0, 0, 0];
  const told = (kind: Searched['kind'], more: Partial<Searched> = {}): Searched => {
    return { kind, runs, effects, states: seen.size, complete: preemptions - 1, memory: false, ...more };
  };
  for (; preemptions < levels.length && preemptions <= most; preemptions += 1) {
    const level = levels[preemptions] ?? [];
    // Runs add to the level that they are of, at its end; earlier switches come first.
    for (let place = 0; place < level.length; place += 1) {
      const beginning = level[place] as Beginning;
      if (runs === limits.runs) return told('bounded');
      runs += 1;
      delete level[place];
      const goesOn = sharesMemory && (runs <= CHECKED_FIRST || runs % CHECKED_LATER === 0);
      const passed = await run(scene, beginning, { seen, folds, sharesMemory, goesOn });
      if (typeof passed === 'string') return told('bounded', { refused: passed });
      if (passed.memory) return told('bounded', { memory: true });
      effects += scene.effects;
      const path = scene.choices.map(({ task }) => task);
      for (const { others, at, preempts, memory } of passed.branches) {
        const cost = preemptions + (preempts ? 1 : 0);
        levels[cost] ??= [];
        for (const other of others) levels[cost].push({ path, length: at, other, memory });
      }
      await onRun(
        passed.found.map((one) => ({ ...one, preemptions })),
        scene.choices,
      );
    }
  }
  return told(levels.slice(preemptions).some((level) => level.length > 0) ? 'bounded' : 'exhaustive');
}

/** The choices that a run begins with: the first of another run's, which many share, and one that is its own. */
interface Beginning {
  readonly path: readonly number[];
  readonly length: number;
  readonly other?: number;
  /** What the scene knew after those that are another run's. */
  readonly memory?: SceneMemory;
}

/** Where other tasks could have gone on, after so many choices. */
interface Branch {
  readonly at: number;
  readonly others: readonly number[];
  readonly preempts: boolean;
  readonly memory: SceneMemory;
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
  /** Beyond a state that is known. */
  readonly goesOn: boolean;
}

async function run(scene: Scene, beginning: Beginning, { seen, folds, sharesMemory, goesOn }: RunOptions): Promise<Passed | string> {
  scene.isReplay = beginning.other !== undefined;
  const failure = await scene.start();
  if (failure !== undefined) return failure;
  const branches: Branch[] = [];
  let last = -1;
  let newTo: number | undefined;
  let before: string | undefined;
  for (let place = 0; ; place += 1) {
    const ready = scene.ready();
    if (scene.world.refused !== undefined) return scene.world.refused;
    let choice = place < beginning.length ? beginning.path[place] : place === beginning.length ? beginning.other : undefined;
    if (choice !== undefined) {
      if (!ready.includes(choice)) throw new Error('a run did not go as it went before');
      if (place === beginning.length && beginning.memory !== undefined) scene.goOnFrom(beginning.memory);
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
      if (newTo === undefined && seen.has(key)) newTo = scene.moments.length;
      if (newTo !== undefined && !goesOn) break;
      if (newTo === undefined) {
        seen.set(key, '');
        const others = ready.filter((task) => task !== choice);
        if (others.length > 0) branches.push({ at: place, others, preempts: stays, memory: scene.memory() });
      }
      before = key;
    }
    await scene.goOn(choice);
    last = choice;
  }
  const found: Omit<Judgeable, 'preemptions'>[] = scene.moments
    .slice(0, newTo)
    .map((moment) => ({ how: 'crashed', moment: { ...moment } }));
  if (newTo === undefined) {
    const { stuck } = scene;
    if (stuck === undefined) await scene.close();
    if (scene.world.refused !== undefined) return scene.world.refused;
    found.push({ how: 'ended', moment: scene.moment(), ...(stuck !== undefined && { stuck }) });
  }
  return { found, branches, memory: false };
}
