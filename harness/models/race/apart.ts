/**
 * Whether two ops can change places: what each finds and leaves is the same in both orders.
 *
 * Each reads and writes names, listings, files (by id: contents and attributes) and locks. Two ops are apart unless one of them writes
 * what the other reads or writes. An op whose files are not known touches everything.
 */
import { posix } from 'node:path';
import type { RawOp } from '../../domain/events.ts';

/** `kind:key`; a key of `*` stands for all of that kind. */
interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const EVERYTHING = ['name:*', 'list:*', 'file:*', 'lock:*'];
const none: readonly string[] = [];

/** True if `op` can change places with each of `others`. */
export function isApart(op: RawOp, others: readonly RawOp[]): boolean {
  const own = footprintOf(op);
  return others.every((other) => {
    const { reads, writes } = footprintOf(other);
    return !meet(own.writes, reads) && !meet(own.writes, writes) && !meet(own.reads, writes);
  });
}

function footprintOf(op: RawOp): Footprint {
  const done = whenDone(op);
  // What failed has looked, and left everything as it was.
  return op.error === undefined ? done : { reads: [...done.reads, ...done.writes], writes: none };
}

function whenDone({ call, path, id, to, flags = [] }: RawOp): Footprint {
  const [name, file, lock] = [`name:${path}`, `file:${id}`, `lock:${id}`];
  const entry = [name, listOf(path)];
  const target = to === undefined ? none : [`name:${to.path}`, listOf(to.path), `file:${to.id}`];
  switch (call) {
    case 'open': {
      const truncates = flags.includes('truncate') ? [file] : none;
      return { reads: [name, file], writes: flags.includes('create') ? [...entry, ...truncates] : truncates };
    }
    case 'read':
      return { reads: [file], writes: none };
    case 'readdir':
      return { reads: [`list:${path}`], writes: none };
    case 'stat':
    case 'access':
    case 'readlink':
      return { reads: [name, file, `list:${path}`], writes: none };
    case 'write':
    case 'allocate':
      return { reads: none, writes: [file] };
    case 'copy':
      return { reads: ['file:*'], writes: [file] }; // where it comes from is not known
    case 'truncate':
    case 'chmod':
    case 'chown':
    case 'utimes':
    case 'xattr':
      return { reads: [name], writes: [file] };
    case 'rename':
    case 'link':
      return { reads: none, writes: [...entry, file, ...target] };
    case 'symlink':
      return { reads: none, writes: target };
    case 'unlink':
    case 'mkdir':
    case 'mknod':
      return { reads: none, writes: [...entry, file] };
    case 'rmdir':
      return { reads: none, writes: [...entry, file, `list:${path}`] };
    case 'fsync':
    case 'fdatasync':
    case 'sync':
      return { reads: none, writes: none };
    case 'close': // which lets go of the process's locks on that file
    case 'lock':
      return { reads: none, writes: [lock] };
    case 'mmap':
      return { reads: EVERYTHING, writes: EVERYTHING };
    default:
      return call satisfies never;
  }
}

/** Where a name is listed; that of the directory itself is listed outside of it. */
function listOf(path: string): string {
  return `list:${path === '.' ? '..' : posix.dirname(path)}`;
}

function meet(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => isSame(one, other)));
}

/** What is below a name goes with it. */
function isSame(one: string, other: string): boolean {
  const [kind, key] = split(one);
  const [otherKind, otherKey] = split(other);
  if (kind !== otherKind) return false;
  if (key === otherKey || key === '*' || otherKey === '*') return true;
  return kind === 'name' && (isBelow(key, otherKey) || isBelow(otherKey, key));
}

function split(token: string): readonly [kind: string, key: string] {
  const at = token.indexOf(':');
  return [token.slice(0, at), token.slice(at + 1)];
}

/** The directory itself (`.`) is not renamed; that everything is below it says nothing. */
function isBelow(path: string, directory: string): boolean {
  return directory !== '.' && path.startsWith(`${directory}/`);
}
