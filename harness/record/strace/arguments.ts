/** Arguments of calls as strace writes them. */
import { constants } from 'node:fs';
import { TMPFILE } from '../../domain/open-flags.ts';
import { bytesOf } from './log.ts';

export const octal = (text = '0'): number => Number.parseInt(text, 8) || 0;

const OPEN_BITS: { readonly [name: string]: number | undefined } = { ...constants, O_TMPFILE: TMPFILE | constants.O_DIRECTORY };

/** The flags of open, `O_WRONLY|O_CREAT`; names that nobody knows do not matter. */
export const openBits = (text: string): number =>
  text.split('|').reduce((sum, name) => sum | (name.startsWith('O_') ? (OPEN_BITS[name] ?? 0) : 0), 0);

/** The value of a member of a structure: `{flags=O_RDONLY, mode=0}`. */
export const member = (structure = '', name: string): string => new RegExp(`\\b${name}=([^,}]*)`).exec(structure)?.[1] ?? '';

const STRINGS = /"(?:[^"\\]|\\.)*"(?:\.\.\.)?/g;

/** `[{iov_base="a", iov_len=1}, …]` */
export const vectorIn = (list: string, line: number): Buffer =>
  Buffer.concat((list.match(STRINGS) ?? []).map((text) => bytesOf(text, line)));

export const wordsIn = (list: string, line: number): string[] => (list.match(STRINGS) ?? []).map((text) => bytesOf(text, line).toString());
