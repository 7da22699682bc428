/** The processes of a log, with what their descriptors lead to. */
import { closeSync, constants, fstatSync, writeSync } from 'node:fs';

/** An open file, which several descriptors may share. */
export interface OpenFile {
  /** Absolute, as in the log. */
  readonly path: string;
  /** The flags of open. */
  readonly bits: number;
  /** In the directory: the descriptor of the file that stands for it here. */
  readonly here?: number;
  /** Where the next read or write begins. */
  position: number;
  /** Descriptors that lead to it. */
  held: number;
}

interface Descriptor {
  readonly open: OpenFile;
  readonly closesOnExec: boolean;
}

interface LoggedProcess {
  /** 0 for the first one. */
  readonly number: number;
  cwd: string;
  readonly descriptors: Map<number, Descriptor>;
}

export class Processes {
  readonly #byPid = new Map<number, LoggedProcess>();
  readonly #cwd: string;
  #count = 0;

  /** `cwd`: where the first process is. */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  of(pid: number): LoggedProcess {
    return this.#byPid.get(pid) ?? this.#add(pid, { cwd: this.#cwd, descriptors: new Map() });
  }

  /** `flags`: of clone, as they are written. */
  made(parent: number, child: number, flags: string): void {
    const its = this.of(parent);
    if (flags.includes('CLONE_THREAD')) {
      this.#byPid.set(child, its);
      return;
    }
    const descriptors = flags.includes('CLONE_FILES') ? its.descriptors : new Map(its.descriptors);
    if (descriptors !== its.descriptors) for (const { open } of descriptors.values()) open.held += 1;
    this.#add(child, { cwd: its.cwd, descriptors });
  }

  put(pid: number, descriptor: number, open: OpenFile, closesOnExec: boolean): void {
    open.held += 1; // first: it may be what is closed
    this.close(pid, descriptor);
    this.of(pid).descriptors.set(descriptor, { open, closesOnExec });
  }

  open(pid: number, descriptor: number): OpenFile | undefined {
    return this.of(pid).descriptors.get(descriptor)?.open;
  }

  close(pid: number, descriptor: number): void {
    const { descriptors } = this.of(pid);
    const open = descriptors.get(descriptor)?.open;
    descriptors.delete(descriptor);
    if (open === undefined) return;
    open.held -= 1;
    if (open.held === 0 && open.here !== undefined) closeSync(open.here);
  }

  /** Another program begins in the process. */
  executed(pid: number): void {
    for (const [descriptor, { closesOnExec }] of this.of(pid).descriptors) if (closesOnExec) this.close(pid, descriptor);
  }

  closeAll(): void {
    for (const [pid, { descriptors }] of this.#byPid) for (const descriptor of descriptors.keys()) this.close(pid, descriptor);
  }

  #add(pid: number, made: Omit<LoggedProcess, 'number'>): LoggedProcess {
    const process = { number: this.#count, ...made };
    this.#count += 1;
    this.#byPid.set(pid, process);
    return process;
  }
}

/** Where a write goes that names no offset. */
export function whereNext({ bits, here, position }: OpenFile): number {
  return (bits & constants.O_APPEND) !== 0 && here !== undefined ? fstatSync(here).size : position;
}

export function put({ here }: OpenFile, bytes: Uint8Array, offset: number): void {
  if (here === undefined) throw new Error('it is open here');
  for (let done = 0; done < bytes.length; ) done += writeSync(here, bytes, done, bytes.length - done, offset + done);
}
