/** Processes that a test, or what it runs, may have left behind (Linux: elsewhere none is found). */
import { readdirSync, readFileSync } from 'node:fs';

/** The ids of all processes with this variable in their environment; any value if none is given. */
export function processesWith(name: string, value?: string): number[] {
  const wanted = (setting: string): boolean => (value === undefined ? setting.startsWith(`${name}=`) : setting === `${name}=${value}`);
  return processIds().filter((pid) => environmentOf(pid).some(wanted));
}

/** The ids of all processes with this text in their command line. */
export function processesRunning(text: string): number[] {
  return processIds().filter((pid) => pid !== process.pid && kernelSays(pid, 'cmdline').includes(text));
}

/** A process that waits to be forked, and not one of its children, which have the same command line. */
export function isForkServer(pid: number): boolean {
  const runs = (file: string, id: string | number): boolean => kernelSays(Number(id), 'cmdline').includes(file);
  const parent = /^PPid:\s+(\d+)/m.exec(kernelSays(pid, 'status'))?.[1] ?? '';
  return runs('fork-server.cjs', pid) && !runs('fork-server.cjs', parent);
}

/** A file that the kernel has of a process; empty when the process is gone. */
export function kernelSays(pid: number | 'self', file: string): string {
  return readQuietly(`/proc/${pid}/${file}`);
}

function processIds(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function environmentOf(pid: number): string[] {
  return kernelSays(pid, 'environ').split('\0');
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
