/**
 * The directory that a run works in. It is made below the temporary directory, has its owner in its name, and goes when the run ends;
 * what a run that was itself killed left behind (directories, processes) is swept by the next start.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Every process of a run has this variable, with the run's id: that is how a sweep knows what it may kill. */
export const RUN_VARIABLE = 'CRASH_MATRIX_RUN';
/** Process id and the kernel's start time of that process (0 where it is not known), because ids are used again. */
const NAME = /^crash-matrix-(?<pid>\d+)-(?<started>\d+)$/;

export interface Workspace {
  readonly id: string;
  readonly root: string;
  /** Makes a fresh directory in the workspace. */
  directory(name: string): string;
  /** The same in memory, where there is a directory for that. */
  directoryInMemory(name: string): string;
  /** Removes the workspace and ends every process that was started for it. */
  close(): void;
}

/** `below` is the temporary directory; `pid` is this process; `memory` is a directory for many small files, see `memory-directory.ts`. */
export function openWorkspace(below: string, pid: number, memory = below): Workspace {
  const parent = realpathSync(below);
  sweepDeadRuns(parent);
  if (memory !== below) sweepDeadRuns(memory);
  const id = `${pid}-${startTimeOf(pid) ?? 0}`;
  const root = join(parent, `crash-matrix-${id}`);
  rmSync(root, { recursive: true, force: true }); // an earlier run of this very process
  mkdirSync(root, { mode: 0o700 });
  const inMemory = memory === below ? root : join(memory, `crash-matrix-${id}`);
  if (inMemory !== root) {
    rmSync(inMemory, { recursive: true, force: true });
    mkdirSync(inMemory, { mode: 0o700 });
  }
  let count = 0;
  const directoryIn = (where: string, name: string): string => {
    count += 1;
    const path = join(where, `${name}-${count}`);
    mkdirSync(path);
    return path;
  };
  return {
    id,
    root,
    directory: (name) => directoryIn(root, name),
    directoryInMemory: (name) => directoryIn(inMemory, name),
    close: () => {
      endProcessesOf(id);
      for (const directory of [inMemory, root]) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Removes what nobody needs any more, as far as that goes now: what a process is still writing to goes with the workspace. */
export function discard(...paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // as above
    }
  }
}

/** Removes the workspaces whose owner is gone, and their processes. Returns the ids of the runs swept. */
export function sweepDeadRuns(below: string): string[] {
  const swept: string[] = [];
  for (const name of readdirSync(below)) {
    const { pid, started } = NAME.exec(name)?.groups ?? {};
    if (pid === undefined || started === undefined || isAlive(Number(pid), started)) continue;
    const id = `${pid}-${started}`;
    endProcessesOf(id);
    try {
      rmSync(join(below, name), { recursive: true, force: true });
      swept.push(id);
    } catch {
      // Another user's run: not ours to remove.
    }
  }
  return swept;
}

function isAlive(pid: number, started: string): boolean {
  if (started !== '0') return startTimeOf(pid) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.started;
}

/** What the kernel says of a process (Linux), or undefined if there is none. A zombie counts as gone. */
function statOf(pid: number): { readonly parent: number; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent] = fields;
    return state === 'Z' || state === 'X' ? undefined : { parent: Number(parent), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/**
 * Kills every process that has the run's id in its environment: those that the run started, and whatever they started (Linux).
 * One that was made while the others were looked through is met in the next round.
 */
function endProcessesOf(id: string): void {
  const mark = `${RUN_VARIABLE}=${id}`;
  let ended: number[];
  do {
    ended = listProcesses().filter((pid) => pid !== process.pid && hasInEnvironment(pid, mark) && endProcess(pid));
  } while (ended.length > 0);
}

function hasInEnvironment(pid: number, setting: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(setting);
  } catch {
    return false; // it has ended, or belongs to another user
  }
}

/** Returns false if it had ended already. */
function endProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Kills every process that descends from this one, until none is left (Linux). For programs that start nothing but what goes with them. */
export function endDescendants(ancestor: number): void {
  for (let alive = descendantsOf(ancestor); alive.length > 0; alive = descendantsOf(ancestor)) {
    for (const pid of alive) endProcess(pid);
  }
}

function descendantsOf(ancestor: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of listProcesses()) {
    const parent = statOf(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(ancestor);
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
