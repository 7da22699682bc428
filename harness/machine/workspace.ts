/**
 * The directory that a run works in. It is made below the temporary directory, has its owner in its name, and is removed when the run ends.
 * If a run was killed, the next one removes its directories and ends its processes.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Every process of a run has this variable, set to the run's id, so that a sweep knows which processes it may kill. */
export const RUN_VARIABLE = 'CRASH_MATRIX_RUN';
/**
 * Process id of the owner, and its start time from the kernel (0 if unknown), because process ids are reused. Then its pid namespace (0 if
 * unknown), because containers that share a temporary directory do not see each other's processes.
 */
const NAME = /^crash-matrix-(?<pid>\d+)-(?<started>\d+)-(?<namespace>\d+)$/;

export interface Workspace {
  readonly id: string;
  readonly root: string;
  /** Everything that the run makes lies below one of them. */
  readonly roots: readonly string[];
  /** Makes a fresh directory in the workspace. */
  directory(name: string): string;
  /** The same in memory, if possible. */
  directoryInMemory(name: string): string;
  /** Removes the workspace and ends every process that was started for it. */
  close(): void;
}

/** `below` is the temporary directory; `pid` is this process; `memory` is a directory for many small files, see `memory-directory.ts`. */
export function openWorkspace(below: string, pid: number, memory = below): Workspace {
  const parent = realpathSync(below);
  sweepDeadRuns(parent);
  if (memory !== below) sweepDeadRuns(memory);
  const id = `${pid}-${startTimeOf(pid) ?? 0}-${pidNamespace()}`;
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
    roots: [...new Set([root, inMemory])],
    directory: (name) => directoryIn(root, name),
    directoryInMemory: (name) => directoryIn(inMemory, name),
    close: () => {
      endProcessesOf(id);
      for (const directory of [inMemory, root]) removeAll(directory, { maxRetries: 5 });
    },
  };
}

/** Removes a path with all below it, also where a store made directories in which their owner, if it is not root, may remove nothing. */
function removeAll(path: string, options: { readonly maxRetries?: number } = {}): void {
  const remove = (): void => rmSync(path, { recursive: true, force: true, ...options });
  try {
    remove();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    openUp(path);
    remove();
  }
}

function openUp(path: string): void {
  if (lstatSync(path).isDirectory()) {
    chmodSync(path, 0o700);
    for (const name of readdirSync(path)) openUp(join(path, name));
  }
}

/** Removes paths as far as possible; whatever a process still writes to is removed with the workspace. */
export function discard(...paths: readonly string[]): void {
  for (const path of paths) {
    try {
      removeAll(path);
    } catch {
      // as above
    }
  }
}

/**
 * Removes the workspaces of runs whose owner has ended, and ends their processes. Returns the ids of these runs. Whether the owner of a run in
 * another pid namespace has ended cannot be seen from here, so such a run is left alone.
 * @internal
 */
export function sweepDeadRuns(below: string): string[] {
  const swept: string[] = [];
  for (const name of readdirSync(below)) {
    const { pid, started, namespace } = NAME.exec(name)?.groups ?? {};
    if (pid === undefined || started === undefined || namespace !== pidNamespace() || isAlive(Number(pid), started)) continue;
    const id = `${pid}-${started}-${namespace}`;
    endProcessesOf(id);
    try {
      removeAll(join(below, name));
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

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.started;
}

/** Parent and start time of a process (Linux), or undefined if it does not exist. A zombie counts as ended. */
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
 * Kills every process that has the run's id in its environment: those that the run started, and their descendants (Linux).
 * A process that starts during one pass is found in the next.
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

/** Kills all descendants of this process until none is left (Linux). For programs whose children must all end with them. */
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
