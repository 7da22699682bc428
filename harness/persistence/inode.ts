/**
 * One version of an inode on disk: immutable, and versions share the blocks that they have in common.
 *
 * A file is a size and blocks. Bytes beyond the size are stored but not visible: if a size is lost and its data is not, the data
 * stays hidden until a later size covers it. A missing block reads as zeros; so does the rest of a short one.
 */
import { type Hash, hashOfBytes, hashOfText, minus, NO_HASH, plus, term } from './hash.ts';
import { IntMap } from './int-map.ts';

/** One unit of a file. `bytes` has no trailing zeros, so that blocks with equal contents have equal hashes. */
interface Block {
  readonly bytes: Uint8Array;
  readonly hash: Hash;
}

export interface FileInode {
  readonly kind: 'file';
  readonly mode: number;
  readonly size: number;
  readonly blocks: IntMap<Block>;
  /** No block exists at or after this index. */
  readonly end: number;
  /** The sum of the terms of the blocks, cut off at the size. */
  readonly shown: Hash;
  /** The sum of the terms of the whole blocks. */
  readonly stored: Hash;
  /** Whether bytes may be stored beyond the size. */
  readonly hidden: boolean;
  /** The hash of everything that a reader sees. */
  readonly hash: Hash;
}

export interface DirectoryInode {
  readonly kind: 'directory';
  readonly mode: number;
  readonly hash: Hash;
}

export interface SymlinkInode {
  readonly kind: 'symlink';
  readonly target: string;
  readonly hash: Hash;
}

export interface OtherInode {
  readonly kind: 'other';
  readonly mode: number;
  readonly hash: Hash;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | OtherInode;

const FILE = { a: 1, b: 1 };
const DIRECTORY = { a: 2, b: 2 };
const SYMLINK = { a: 3, b: 3 };
const OTHER = { a: 4, b: 4 };

const atMode = (kind: Hash, mode: number): Hash => term(kind, { a: mode, b: mode });

function fileHash(mode: number, size: number, shown: Hash): Hash {
  const length = (size | 0) ^ Math.imul(size / 2 ** 32, 0x01000193); // files may be larger than 4 GiB
  return term(term(atMode(FILE, mode), { a: length, b: length }), shown);
}

export function emptyFile(mode: number): FileInode {
  const [shown, blocks] = [NO_HASH, IntMap.empty<Block>()];
  return { kind: 'file', mode, size: 0, blocks, end: 0, shown, stored: NO_HASH, hidden: false, hash: fileHash(mode, 0, shown) };
}

export const directoryInode = (mode: number): DirectoryInode => ({ kind: 'directory', mode, hash: atMode(DIRECTORY, mode) });
export const symlinkInode = (target: string): SymlinkInode => ({ kind: 'symlink', target, hash: term(SYMLINK, hashOfText(target)) });
export const otherInode = (mode: number): OtherInode => ({ kind: 'other', mode, hash: atMode(OTHER, mode) });

export function withMode(inode: Inode, mode: number): Inode {
  switch (inode.kind) {
    case 'file':
      return { ...inode, mode, hash: fileHash(mode, inode.size, inode.shown) };
    case 'directory':
      return directoryInode(mode);
    case 'other':
      return otherInode(mode);
    case 'symlink':
      return inode; // symlinks have no mode on Linux
    default:
      return inode satisfies never;
  }
}

/** Writes bytes into one block, starting at `from`, without changing the size. `unit` is the block size in bytes. */
export function withBytes(file: FileInode, unit: number, at: number, from: number, bytes: Uint8Array): FileInode {
  const old = file.blocks.get(at);
  const block = makeBlock(overlay(old?.bytes, from, bytes));
  const stored = plus(minus(file.stored, blockTerm(at, old)), blockTerm(at, block));
  const shown = plus(minus(file.shown, shownTerm(at, old, file.size, unit)), shownTerm(at, block, file.size, unit));
  const hidden = file.hidden || at * unit + block.bytes.length > file.size;
  const [blocks, end] = [file.blocks.with(at, block), Math.max(file.end, at + 1)];
  return { ...file, blocks, end, stored, shown, hidden, hash: fileHash(file.mode, file.size, shown) };
}

/** Grows the file to at least this size. */
export function grownTo(file: FileInode, unit: number, size: number): FileInode {
  if (size <= file.size) return file;
  if (!file.hidden) return { ...file, size, hash: fileHash(file.mode, size, file.shown) };
  let shown = file.shown;
  let hidden = false;
  for (let at = Math.floor(file.size / unit); at < file.end; at += 1) {
    const block = file.blocks.get(at);
    if (block === undefined) continue;
    shown = plus(minus(shown, shownTerm(at, block, file.size, unit)), shownTerm(at, block, size, unit));
    hidden ||= at * unit + block.bytes.length > size;
  }
  return { ...file, size, shown, hidden, hash: fileHash(file.mode, size, shown) };
}

/** Sets the size. Bytes cut off are gone: they read as zeros if the file grows again. */
export function resizedTo(file: FileInode, unit: number, size: number): FileInode {
  if (size === 0) return emptyFile(file.mode);
  const grown = grownTo(file, unit, size);
  if (grown.size === size && !grown.hidden) return grown;
  let { blocks, stored, shown } = grown;
  const last = Math.floor(size / unit);
  for (let at = last; at < grown.end; at += 1) {
    const block = blocks.get(at);
    if (block === undefined) continue;
    const visible = size - at * unit;
    const kept = visible > 0 ? makeBlock(block.bytes.subarray(0, visible)) : undefined;
    stored = plus(minus(stored, blockTerm(at, block)), blockTerm(at, kept));
    shown = plus(minus(shown, shownTerm(at, block, grown.size, unit)), blockTerm(at, kept));
    blocks = blocks.with(at, kept);
  }
  const end = Math.min(grown.end, Math.ceil(size / unit));
  return { ...grown, size, blocks, end, stored, shown, hidden: false, hash: fileHash(grown.mode, size, shown) };
}

/** A file with these contents, and with every block. */
export function fileOf(bytes: Uint8Array, mode: number, unit: number): FileInode {
  let file = grownTo(emptyFile(mode), unit, bytes.length);
  for (let at = 0; at * unit < bytes.length; at += 1) file = withBytes(file, unit, at, 0, bytes.subarray(at * unit, (at + 1) * unit));
  return file;
}

/** Whether any of these units was ever written. */
export function hasData(file: FileInode, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (file.blocks.get(at) !== undefined) return true;
  return false;
}

/** The bytes that a reader sees. */
export function contentsOf(file: FileInode, unit: number): Uint8Array {
  const contents = new Uint8Array(file.size);
  for (const [at, { bytes }] of file.blocks.entries()) {
    const visible = file.size - at * unit;
    if (visible > 0) contents.set(visible < bytes.length ? bytes.subarray(0, visible) : bytes, at * unit);
  }
  return contents;
}

function overlay(old: Uint8Array | undefined, from: number, bytes: Uint8Array): Uint8Array {
  if (from === 0 && (old === undefined || old.length <= bytes.length)) return bytes;
  const joined = new Uint8Array(Math.max(old?.length ?? 0, from + bytes.length));
  if (old !== undefined) joined.set(old);
  joined.set(bytes, from);
  return joined;
}

/** Blocks by their bytes, because many states contain what one micro-op wrote. */
const made = new WeakMap<Uint8Array, Block>();

function makeBlock(bytes: Uint8Array): Block {
  const known = made.get(bytes);
  if (known !== undefined) return known;
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  const trimmed = length === bytes.length ? bytes : bytes.subarray(0, length);
  const block = { bytes: trimmed, hash: hashOfBytes(trimmed) };
  made.set(bytes, block);
  return block;
}

function blockTerm(at: number, block: Block | undefined): Hash {
  return block === undefined || block.bytes.length === 0 ? NO_HASH : term({ a: at, b: at }, block.hash);
}

function shownTerm(at: number, block: Block | undefined, size: number, unit: number): Hash {
  if (block === undefined) return NO_HASH;
  const visible = size - at * unit;
  if (visible <= 0) return NO_HASH;
  return blockTerm(at, visible < block.bytes.length ? makeBlock(block.bytes.subarray(0, visible)) : block);
}
