/**
 * Whether two ops commute: in both orders each has the same result and the same effect.
 *
 * An op reads and writes names, listings, files (by id: contents and attributes) and locks. Two ops commute unless one of them writes what
 * the other reads or writes. An op whose files are not known commutes with none.
 */
import { posix } from 'node:path';
import type { RawOp } from '../../domain/events.ts';

/** Tokens of the form `kind:key`; the key `*` matches all of its kind. */
interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const EVERYTHING = ['name:*', 'list:*', 'file:*', 'lock:*'];
const none: readonly string[] = [];

/** True if `op` commutes with each of `others`. */
export function isApart(op: RawOp, others: readonly RawOp[]): boolean {
  const own = footprintOf(op);
  return others.every((other) => {
    const { reads, writes } = footprintOf(other);
    return !intersect(own.writes, reads) && !intersect(own.writes, writes) && !intersect(own.reads, writes);
  });
}

/** True if `op` changes a name or a file that one of `others` uses. */
export function isOnSameFile(op: RawOp, others: readonly RawOp[]): boolean {
  const own = footprintOf(op).writes.filter((token) => token.startsWith('name:') || token.startsWith('file:'));
  return others.some((other) => {
    const { reads, writes } = footprintOf(other);
    return intersect(own, reads) || intersect(own, writes);
  });
}

function footprintOf(op: RawOp): Footprint {
  const done = whenSuccessful(op);
  // An op that failed has only read.
  return op.error === undefined ? done : { reads: [...done.reads, ...done.writes], writes: none };
}

function whenSuccessful({ call, path, id, to, flags = [] }: RawOp): Footprint {
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
      return { reads: ['file:*'], writes: [file] }; // the source is not recorded
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
    case 'msync':
    case 'mmap':
      return { reads: none, writes: none };
    case 'close': // which releases the process's locks on that file
    case 'lock':
    case 'unlock':
      return { reads: none, writes: [lock] };
    case 'mapwrite': // and the loads that led to it are not seen
      return { reads: EVERYTHING, writes: EVERYTHING };
    default:
      return call satisfies never;
  }
}

/** The listing that contains a name; for the directory itself it is outside of it. */
function listOf(path: string): string {
  return `list:${path === '.' ? '..' : posix.dirname(path)}`;
}

function intersect(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => isSame(one, other)));
}

/** A name also matches all names below it. */
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

/** Names below the directory itself (`.`) do not count, because it is never renamed. */
function isBelow(path: string, directory: string): boolean {
  return directory !== '.' && path.startsWith(`${directory}/`);
}
