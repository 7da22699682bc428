/**
 * A program under test, in any language: a command line that changes a directory.
 *
 * It promises by lines `ack <name>` on its standard output. Who judges what it left is the command line `check` or, where there is none, the
 * program itself, which is run again.
 */
import type { Json, Tree } from './trace.ts';

/** Commands that are texts run in a shell; `{dir}` in them stands for the directory. */
export interface Program {
  /** The program and its arguments, no shell. `{dir}` in an argument stands for the directory. */
  readonly command: readonly [string, ...string[]];
  /** The directory that it changes: absolute. What is in it is what each run starts with. It is copied, and never changed. */
  readonly directory: string;
  /** Where relative paths of the command line begin: absolute. */
  readonly cwd: string;
  /** Run once, in a copy of the directory, to make what each run starts with. */
  readonly setup?: string;
  /**
   * Is given a copy of the directory and what had been acknowledged (`ACKED_VARIABLE`). Answers by its exit code or, with exit code 0, by
   * `{"found": ["name", …]}` on its standard output.
   */
  readonly check?: string;
  /** What each run starts with, where that is known: of a trace. It takes the place of the directory and of the setup. */
  readonly start?: Tree;
}

/** The directory of the run, for every process of it. */
export const DIRECTORY_VARIABLE = 'CRASH_MATRIX_DIR';
/** For the check: the names that were acknowledged, one on each line. */
export const ACKED_VARIABLE = 'CRASH_MATRIX_ACKED';

/** What stands for the directory in the text of a command. */
const DIRECTORY = '{dir}';

export const withDirectory = (text: string, directory: string): string => text.replaceAll(DIRECTORY, directory);

/** The line that acknowledges. A name has no space around it. */
const ACK = /^ack[ \t]+(?<name>\S(?:.*\S)?)\s*$/;

/** Whether a line that begins so may acknowledge. */
export const mayAcknowledge = (beginning: string): boolean => /^(?:ack[ \t]|a?$|ack?$)/.test(beginning);

/** The name that a line of output acknowledges. */
export const nameIn = (line: string): string | undefined => ACK.exec(line)?.groups?.name;

/** Names as a stored value: a map in which each name is a key. */
export const namesAsValue = (names: readonly string[]): { readonly [name: string]: Json } =>
  Object.fromEntries(names.map((name) => [name, true]));
