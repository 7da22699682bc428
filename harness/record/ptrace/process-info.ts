/** Facts about running processes, from /proc. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/** The thread ids of a process; empty if it is gone. */
export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Process id and parent of a thread, or undefined if it is gone. */
export function processOf(tid: number): { readonly pid: number; readonly parent: number } | undefined {
  try {
    const status = readFileSync(`/proc/${tid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return { pid: field('Tgid'), parent: field('PPid') };
  } catch {
    return undefined;
  }
}

/** Of an open descriptor. `flags`: those of its open, as bits. */
export interface DescriptorState {
  readonly position: number;
  readonly append: boolean;
  readonly writes: boolean;
  readonly flags: number;
}

export function descriptorState(tid: number, descriptor: number): DescriptorState | undefined {
  try {
    const info = readFileSync(`/proc/${tid}/fdinfo/${descriptor}`, 'utf8');
    const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8);
    return { position: Number(/^pos:\s+(\d+)/m.exec(info)?.[1]), append: (flags & 0o2000) !== 0, writes: (flags & 3) !== 0, flags };
  } catch {
    return undefined;
  }
}

/** The status of a thread. It is read many times, so the file stays open. */
export class ThreadStatus {
  readonly #file: number;
  readonly #text = Buffer.alloc(STATUS_BYTES);

  /** Throws if the thread is gone. */
  constructor(tid: number) {
    this.#file = openSync(`/proc/${tid}/status`, 'r');
  }

  /** A text that stays the same while the thread sleeps without waking; undefined if it is awake. */
  asleep(): string | undefined {
    try {
      const length = readSync(this.#file, this.#text, 0, STATUS_BYTES, 0);
      if (!this.#text.toString('latin1', 0, STATE_WITHIN).includes('\nState:\tS')) return undefined;
      return this.#text.toString('latin1', Math.max(0, length - SWITCHES_WITHIN), length);
    } catch {
      return undefined; // the thread is gone
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

const STATUS_BYTES = 4096;
/** The state is in the first lines, after a name of at most 15 letters; the counts of context switches are in the last two. */
const STATE_WITHIN = 80;
const SWITCHES_WITHIN = 72;

/** The syscall in which a thread sleeps: its number and arguments, as the kernel prints them; empty if the thread is gone. */
export function syscallOf(tid: number): string {
  try {
    return readFileSync(`/proc/${tid}/syscall`, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a process watches files (inotify), so that an op of another process wakes it. */
export function watchesFiles(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`).includes('inotify'));
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
