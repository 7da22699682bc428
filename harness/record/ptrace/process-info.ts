/** Facts about running processes, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

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

/** Position and flags of an open descriptor. */
export function descriptorState(tid: number, descriptor: number): { readonly position: number; readonly append: boolean } | undefined {
  try {
    const info = readFileSync(`/proc/${tid}/fdinfo/${descriptor}`, 'utf8');
    const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8);
    return { position: Number(/^pos:\s+(\d+)/m.exec(info)?.[1]), append: (flags & 0o2000) !== 0 };
  } catch {
    return undefined;
  }
}
