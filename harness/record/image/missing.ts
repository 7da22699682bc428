/**
 * Whether power cuts work on this machine, and if not, what is missing.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { FileSystem } from './file-systems.ts';

/** Where Debian installs mkfs; not every root user has these in PATH. */
const SYSTEM_PATHS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];
const CAP_SYS_ADMIN = 21n;

/** Undefined if nothing is missing. `path`: the PATH to search for commands. */
export function missingFor({ type, make, package: from }: FileSystem, path: string): string | undefined {
  if (process.platform !== 'linux') return `power cuts need Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root';
  if (!maySetUpMounts()) return 'this root may not mount (a container without CAP_SYS_ADMIN)';
  if (!isThere('/dev/loop-control', constants.R_OK | constants.W_OK)) return 'there are no loop devices (/dev/loop-control)';
  if (!kernelHas(type)) return `this kernel has no ${type}`;
  const [command] = make;
  if (findCommand(command, path) === undefined) return `missing: ${command}, package ${from}`;
  return undefined;
}

/** The path of a command; undefined if it is not installed. */
export function findCommand(command: string, path: string): string | undefined {
  return [...path.split(':'), ...SYSTEM_PATHS].map((directory) => join(directory, command)).find((file) => isThere(file, constants.X_OK));
}

function isThere(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function maySetUpMounts(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(textOf('/proc/self/status'))?.[1];
  return effective === undefined || ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

/** Whether the kernel has the file system, or a module for it: mount(2) loads the module. */
function kernelHas(type: string): boolean {
  if (new RegExp(`^\\s*${type}$`, 'm').test(textOf('/proc/filesystems'))) return true;
  const modules = `/lib/modules/${release()}`;
  return ['modules.dep', 'modules.builtin'].some((list) => textOf(join(modules, list)).includes(`/${type}/${type}.ko`));
}
