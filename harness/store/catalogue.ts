/** The built-in stores: the session store with each of its rotation designs, and what must be found in each. */
import type { Claims, KnownBugs } from '../models.ts';
import type { KnownBug, Outcome } from './define.ts';

interface BuiltInStore {
  readonly name: string;
  /** A module with the store as its default export, resolved at the package's root. */
  readonly entry: string;
}

type Bugs = KnownBugs[string];

const lossy = (...outcomes: Outcome[]): KnownBug => ({ grade: 'lossy', outcomes });
const underKill = (...outcomes: Outcome[]): Bugs => ({ 'process-kill': lossy(...outcomes) });
const underPowerLoss = (...outcomes: Outcome[]): Bugs => ({ 'power-loss': lossy(...outcomes) });
const underBoth = (...outcomes: Outcome[]): Bugs => ({ ...underKill(...outcomes), ...underPowerLoss(...outcomes) });

/**
 * Scenarios in which a store that puts the live file aside leaves a window with nothing, or with a placeholder, in its place.
 * Not in `reset`: there nothing is what was asked for.
 */
const LOSES_IN_THE_WINDOW: KnownBugs = {
  replace: underBoth('empty'),
  'save-unchanged': underBoth('empty'),
  'save-twice': underBoth('empty'),
  'rotate-often': underBoth('empty'),
  update: underBoth('empty'),
  large: underBoth('empty'),
};

/** Only in recovery: the save that comes after the first crash rotates the placeholder, so the newest backup is empty in its turn. */
const LOSES_IN_A_SECOND_WINDOW = underBoth('empty');

/** The new file gets its name before its data where nothing flushes it: nowhere on ext4 and btrfs if it replaces another file. */
const UNSYNCED: Bugs = {
  'power-loss:posix': lossy('empty'),
  'power-loss:ext4-noauto': lossy('empty'),
  'power-loss:xfs': lossy('empty'),
};

const OVERWRITES = underBoth('empty', 'unreadable');

const DESIGNS: { readonly [name: string]: KnownBugs } = {
  'rename-away': LOSES_IN_THE_WINDOW,
  'placeholder-first': LOSES_IN_THE_WINDOW,
  'placeholder-after-rename': LOSES_IN_THE_WINDOW,
  'recover-when-missing': LOSES_IN_THE_WINDOW,
  'recover-when-empty': {
    replace: LOSES_IN_A_SECOND_WINDOW,
    reset: { ...underKill('stale'), 'power-loss:posix': lossy('stale') }, // elsewhere an earlier value may come back after a power cut
    'save-twice': LOSES_IN_A_SECOND_WINDOW,
    'rotate-often': LOSES_IN_A_SECOND_WINDOW,
    update: LOSES_IN_A_SECOND_WINDOW,
    large: LOSES_IN_A_SECOND_WINDOW,
  },
  'copy-then-replace': {},
  'copy-then-replace-unsynced': {
    'first-save': underPowerLoss('empty'), // there is no file yet that it would replace
    replace: UNSYNCED,
    'save-twice': UNSYNCED,
    'rotate-often': UNSYNCED,
    update: UNSYNCED,
    large: UNSYNCED,
  },
  'in-place': {
    'first-save': underPowerLoss('empty', 'unreadable'),
    replace: OVERWRITES,
    'save-twice': OVERWRITES,
    'rotate-often': OVERWRITES,
    update: OVERWRITES,
    large: OVERWRITES,
  },
  hardened: {},
};

/** Proved by the matrix: what each claims beyond what every store is held to. */
const DURABLE = { 'power-loss': 'durable', 'power-loss:posix': 'durable', 'power-loss:ext4-noauto': 'durable' } as const satisfies Claims;
const CLAIMS: { readonly [name: string]: Claims } = { 'copy-then-replace': DURABLE, hardened: DURABLE };

export const BUILT_IN_STORES: readonly BuiltInStore[] = Object.entries(DESIGNS).map(([name, knownBugs]) => ({
  name,
  entry: `
    import strategy from './src/strategies/${name}.ts';
    import { sessionStore } from './harness/store/session-store.ts';
    export default sessionStore(${JSON.stringify(name)}, strategy, ${JSON.stringify({ knownBugs, claims: CLAIMS[name] ?? {} })});
  `,
}));
