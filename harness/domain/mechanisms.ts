/**
 * How a store comes to lose data, and what would mend it: one table, from the mistake that takes most with it to the one that takes least.
 */

import type { Site } from './trace.ts';

interface MechanismRow {
  /** What the line of source does, after its name: `notes.ts:4 writes over …`. */
  readonly does: string;
  /** What to do about it. */
  readonly mend: string;
  /** What else goes wrong at the same line goes away with it. */
  readonly explainsLine?: true;
  /** It stays, whatever else is mended at the same line. */
  readonly standsAlone?: true;
  /** No line of the save is to blame: `does` is a sentence, and it is one cause in all of the store. */
  readonly ofStore?: true;
}

export const MECHANISMS = {
  'written-in-place': {
    does: 'writes the file that load reads in place',
    mend: 'write a temporary file, fsync it, rename it over the file, fsync the directory',
    explainsLine: true,
  },
  appended: {
    does: 'appends to the file that load reads, and the record may be there in part or not at all',
    mend: 'fsync the file before the call resolves; write a checksum with each record, let load leave out a last one that is not whole, and cut it off before the next one',
    explainsLine: true,
  },
  'moved-away': {
    does: 'moves the only good copy away before the next one is in its place',
    mend: 'link or copy the backup, and let one rename put the new file in the place of the old one',
    explainsLine: true,
  },
  removed: {
    does: 'removes the only good copy before the next one is in its place',
    mend: 'put the new file in its place by one rename first, and remove afterwards',
    explainsLine: true,
  },
  'removed-while-read': {
    does: 'removes a file that a load which is under way still wants',
    mend: 'let load begin again when a file that it has just seen is gone, or keep the file before the last for it',
  },
  'placed-unfinished': {
    does: 'puts a file that is not finished where load looks',
    mend: 'write, fsync and close it under another name, and rename it as the last step',
    explainsLine: true,
  },
  'placed-too-early': {
    does: 'puts a file in place before what it stands for is there, or over the last copy that is good',
    mend: 'put in place first what it refers to, and check a copy before it replaces another one',
    explainsLine: true,
  },
  'renamed-unsynced': {
    does: 'renames a file whose data may not be on disk yet',
    mend: 'fsync the file before the rename',
  },
  reordered: {
    does: 'may reach the disk before what it depends on',
    mend: 'fsync what it depends on first: the file, and the directory of its name',
  },
  'not-forced': {
    does: 'may not be on disk when the save resolves',
    mend: 'fsync the file, and the directory if a name changed, before the save resolves',
  },
  'unforced-trusted': {
    does: 'may not be on disk when its process is killed, and the next process builds on it',
    mend: 'before anything relies on what another process left, fsync it: the file, and the directory of its name',
  },
  'read-failure-taken-for-empty': {
    does: 'fails, and the store goes on as if nothing had been saved',
    mend: 'take only ENOENT for an empty store, and throw every other error',
    standsAlone: true,
  },
  'error-swallowed': {
    does: 'fails, and the save resolves all the same',
    mend: 'let the save reject, with the old value in its place',
  },
  'removed-on-error': {
    does: 'takes away what is good, in answer to a call that failed',
    mend: 'after an error remove only what this save made under a name of its own, and nothing that is in place',
  },
  'short-write': {
    does: 'writes less than it was asked to, and the store takes it for all',
    mend: 'write the rest, until all bytes are written',
  },
  'short-read': {
    does: 'reads less than it asked for, and the store takes it for all',
    mend: 'read on, until a read returns nothing',
    standsAlone: true,
  },
  'failure-not-undone': {
    does: 'fails, and leaves what load cannot take for a saved value',
    mend: 'leave the old file in its place until the new one is complete',
  },
  'not-what-was-saved': {
    does: 'load returns something else than what was saved, with no crash at all',
    mend: 'let load return what was saved last, also where that is empty',
    ofStore: true,
  },
  'promised-unwritten': {
    does: 'comes only after it was promised, and the process may end first',
    mend: 'let the save resolve when the value is written; for quits alone, write it when the process is asked to quit, before it ends',
    standsAlone: true,
  },
  'stays-alive': {
    does: 'takes the quit, and the process goes on',
    mend: 'end the process when what is pending is written: by exit, or by the same signal once more, with the listener removed',
    standsAlone: true,
  },
  'temp-shared': {
    does: 'uses a temporary name that another task uses too',
    mend: 'give each save a temporary name of its own',
  },
  'not-locked': {
    does: 'saves what it read before somebody else saved',
    mend: 'hold one lock from the read to the write, in every process',
  },
  'skipped-save': {
    does: 'a save is skipped because this process saved the same value last, though another one has replaced it since',
    mend: 'compare with what the file holds now, under the lock, or write in any case',
    ofStore: true,
  },
  'recovery-not-repeatable': {
    does: 'is part of a recovery that loses data when it is crashed in its turn',
    mend: 'let recovery leave the old copy in its place until the recovered one is complete',
  },
  'damage-overwritten': {
    does: 'takes away what load could not read, and no copy of it is left',
    mend: 'throw from load, or rename what cannot be read aside before anything else is written',
    standsAlone: true,
  },
  'damage-taken-for-nothing': {
    does: 'load takes a damaged file for one in which less was saved, or nothing',
    mend: 'throw where a file is there and cannot be read whole, or put back a copy of it',
    ofStore: true,
  },
  'damage-unseen': {
    does: 'load takes changed bytes for what was saved',
    mend: 'save a checksum with the value, and compare it in load',
    ofStore: true,
  },
  'link-replaced': {
    does: 'puts another file in the place of one that others have by a link, and they still see the old one',
    mend: 'find out what the name leads to (realpath), and replace that; where a file has several names, write to it in place',
  },
  'access-lost': {
    does: 'makes a file that others may no longer use who could use the one that it replaces',
    mend: 'give it the mode and the owner of the file that it replaces',
  },
  littered: {
    does: 'makes a file that nothing removes after a crash',
    mend: 'give it the same name each time, or remove what earlier processes left before the next save',
    standsAlone: true,
  },
  exposed: {
    does: 'makes a file that more users can read than the one that it replaces',
    mend: 'create it with the mode of the file that it replaces',
  },
  'waits-forever': {
    does: 'leaves something behind for which the next load or save waits',
    mend: 'find out whether the owner is dead, and take over if it is',
  },
  blocks: {
    does: 'leaves something behind that makes the next save fail, or hides it',
    mend: 'take away or overwrite what a crashed save left behind',
  },
  'remembers-failure': {
    does: 'after a save that failed, the process refuses, skips or loses the next one, or a crash in it takes the old value; a fresh process does not',
    mend: 'count a value as saved only once it is, and let the next save start fresh, whatever became of the last one',
    ofStore: true,
  },
} as const satisfies { readonly [name: string]: MechanismRow };

export type Mechanism = keyof typeof MECHANISMS;

export const MECHANISM_NAMES = Object.keys(MECHANISMS) as [Mechanism, ...Mechanism[]]; // there are mechanisms

/** What to blame a violation on: the op that began it. */
export interface Blame {
  readonly mechanism: Mechanism;
  /** The op in words, without its bytes: `rename a.tmp -> a`. */
  readonly op: string;
  readonly site?: Site;
}

/** Where no op brought what was promised, not even late. */
export const NEVER_WRITTEN: Blame = { mechanism: 'promised-unwritten', op: 'what was saved' };

/** Where it is lost with no crash and no fault, too. */
export const LOST_ANYWAY: Blame = { mechanism: 'not-what-was-saved', op: 'load' };
