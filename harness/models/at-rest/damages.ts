/**
 * What happens to a file that nobody writes: its list of damages, in the order in which they are tried.
 *
 *   cut         the second half is gone, as after a disk that was full or a copy that was broken off
 *   emptied     0 bytes
 *   nuls        as long as before, and nothing but NULs
 *   garbage     as long as before, and text of another format
 *   bom         a byte order mark in front, as an editor puts it there
 *   comma       one comma too many, as a hand puts it there: before the last bracket of a text that ends with one
 *   older       what the file held before the last save: a backup that was put back
 *   flip        one bit of a letter or digit, so that the format stays what it was
 *   zeroed      one block of NULs
 *   misplaced   one block holds what belongs into the one before it
 */
import type { Entry, Tree } from '../../domain/trace.ts';
import { hashBytes } from '../../domain/tree.ts';

export const DAMAGES = ['cut', 'emptied', 'nuls', 'garbage', 'bom', 'comma', 'older', 'flip', 'zeroed', 'misplaced'] as const;

export type DamageKind = (typeof DAMAGES)[number];

export interface Damaged {
  readonly kind: DamageKind;
  readonly bytes: Uint8Array;
  /** What became of the file, to follow its name: `cut off after 512 of 1,024 bytes`. */
  readonly words: string;
}

type File = Extract<Entry, { readonly kind: 'file' }>;

const SECTOR = 512;
const PAGE = 4096;
/** Smaller files have blocks of a sector, so that there are several. */
const SMALL = 2 * PAGE;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const GARBAGE = Buffer.from('%PDF-1.4 this is the file of another program\n');

/** What can be done to a file. `older`: what it held before, if that was something else. */
export function damagesOf({ bytes }: File, older: Uint8Array | undefined): Damaged[] {
  const block = bytes.length < SMALL ? SECTOR : PAGE;
  const half = Math.ceil(bytes.length / 2);
  const at = (offset: number, change: Uint8Array): Buffer => {
    const changed = Buffer.from(bytes);
    changed.set(change.subarray(0, bytes.length - offset), offset);
    return changed;
  };
  const middle = Math.floor(half / block) * block;
  const flipped = flippable(bytes, half);
  const bracket = lastBracket(bytes);
  const all: readonly (Damaged | undefined)[] = [
    { kind: 'cut', bytes: bytes.subarray(0, half), words: 'cut off in its middle' },
    { kind: 'emptied', bytes: Buffer.alloc(0), words: 'emptied' },
    { kind: 'nuls', bytes: Buffer.alloc(bytes.length), words: 'overwritten with NULs' },
    { kind: 'garbage', bytes: Buffer.alloc(bytes.length, GARBAGE), words: 'overwritten with another format' },
    { kind: 'bom', bytes: Buffer.concat([BYTE_ORDER_MARK, bytes]), words: 'with a byte order mark in front' },
    bracket === undefined
      ? undefined
      : {
          kind: 'comma',
          bytes: Buffer.concat([bytes.subarray(0, bracket), Buffer.from(','), bytes.subarray(bracket)]),
          words: 'with a comma before the last bracket',
        },
    older === undefined ? undefined : { kind: 'older', bytes: older, words: 'as it was before the last save' },
    flipped === undefined
      ? undefined
      : { kind: 'flip', bytes: at(flipped, Buffer.from([(bytes[flipped] ?? 0) ^ 1])), words: 'with one bit flipped' },
    { kind: 'zeroed', bytes: at(middle, Buffer.alloc(block)), words: 'with a block of NULs' },
    bytes.length <= block
      ? undefined
      : { kind: 'misplaced', bytes: at(block, bytes.subarray(0, block)), words: 'with its first block twice' },
  ];
  const same = hashBytes(bytes);
  const found = new Set([same]);
  return all.filter((one): one is Damaged => {
    if (one === undefined) return false;
    const hash = hashBytes(one.bytes);
    const isNew = !found.has(hash);
    found.add(hash);
    return isNew;
  });
}

/** A tree with other contents in one file. */
export function withFile(tree: Tree, path: string, { mode }: File, bytes: Uint8Array): Tree {
  return new Map([...tree].map(([name, entry]) => [name, name === path ? { kind: 'file', mode, bytes, hash: hashBytes(bytes) } : entry]));
}

/**
 * The place of a letter or digit that is another one with its lowest bit flipped: the first one from `from` on, or of all. In the middle of a
 * word, because the first digit of a number may not be a 0.
 */
function flippable(bytes: Uint8Array, from: number): number | undefined {
  const isWord = (byte: number | undefined): boolean => byte !== undefined && /^[0-9A-Za-z]$/.test(String.fromCharCode(byte));
  const isFlippable = (byte: number, at: number, all: Uint8Array): boolean =>
    isWord(byte) && isWord(byte ^ 1) && isWord(all[at - 1]) && isWord(all[at + 1]);
  const at = bytes.subarray(from).findIndex(isFlippable);
  if (at >= 0) return from + at;
  const before = bytes.findIndex(isFlippable);
  return before < 0 ? undefined : before;
}

const CLOSING: ReadonlySet<string> = new Set(['}', ']']);
const SPACE: ReadonlySet<string> = new Set([' ', '\n', '\r', '\t']);

/** The place of the bracket that a text ends with, but for space. */
function lastBracket(bytes: Uint8Array): number | undefined {
  const charAt = (at: number): string => String.fromCharCode(bytes[at] ?? 0);
  let at = bytes.length - 1;
  while (at >= 0 && SPACE.has(charAt(at))) at -= 1;
  return CLOSING.has(charAt(at)) ? at : undefined;
}
