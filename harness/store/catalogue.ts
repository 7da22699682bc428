/** The built-in stores: the session store with each of its rotation designs, with the bugs that must be found in each, and the harness's own writer. */
import type { Claims, KnownBug, KnownBugs, Outcome } from '../domain/store.ts';

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
const underFaults = (...outcomes: Outcome[]): Bugs => ({ 'io-error': lossy(...outcomes) });
/** Random histories may show a bug by any outcome. */
const anyhow = (...models: (keyof Bugs)[]): Bugs => Object.fromEntries(models.map((model) => [model, { grade: 'lossy' }]));

/** A crash or a failed call while the live file is missing leaves an empty store. */
const IN_THE_WINDOW: Bugs = { ...underBoth('empty'), ...underFaults('empty') };

/** During a save other tasks find the live file missing or empty; so does a crash in every history with such a save. */
const SHOWS_NOTHING_TO_OTHERS: KnownBugs = {
  'two-savers': { interleaving: lossy('empty'), race: lossy('empty') },
  // After a kill in the window the other process finds an empty store, and updates that.
  'two-updaters': { interleaving: lossy('empty'), race: lossy('mixed') },
  'reader-while-saving': { interleaving: lossy('empty'), race: lossy('empty') },
  histories: anyhow('process-kill', 'power-loss', 'io-error', 'interleaving'),
};

/**
 * For stores that move the live file away: scenarios with a window in which it is missing, or a placeholder.
 * Not `reset`, where the new value is empty.
 */
const LOSES_IN_THE_WINDOW: KnownBugs = {
  replace: IN_THE_WINDOW,
  'save-unchanged': IN_THE_WINDOW,
  'save-twice': IN_THE_WINDOW,
  'rotate-often': IN_THE_WINDOW,
  update: IN_THE_WINDOW,
  large: IN_THE_WINDOW,
  ...SHOWS_NOTHING_TO_OTHERS,
};

/** A save that a process made last is skipped when it is made again, though another process has saved since. */
const SKIPS_WHAT_OTHERS_REPLACED: KnownBugs = { 'two-savers': { race: lossy('false-ack') } };

/** Only with a crash in recovery: the save after the first crash rotates the placeholder, so the newest backup is empty too. */
const LOSES_IN_A_SECOND_WINDOW = underBoth('empty');

/** The new file may get its name before its data. Not on ext4 and btrfs, which flush a file that is renamed over another. */
const UNSYNCED: Bugs = {
  'power-loss:posix': lossy('empty'),
  'power-loss:ext4-noauto': lossy('empty'),
  'power-loss:xfs': lossy('empty'),
};

/** Where file systems may reorder them, the placeholder empties the live file before the rename that moves it away. */
const emptiedButNotMoved = (...outcomes: Outcome[]): Bugs => ({ 'power-loss:posix': lossy(...outcomes) });

/** An update takes a failed read for an empty store, and saves only its own change. */
const SAVES_A_FAILED_READ = underFaults('mixed');

const OVERWRITES: Bugs = { ...underBoth('empty', 'unreadable'), ...underFaults('empty') };

const DESIGNS: { readonly [name: string]: KnownBugs } = {
  'rename-away': LOSES_IN_THE_WINDOW,
  'placeholder-first': LOSES_IN_THE_WINDOW,
  'placeholder-after-rename': LOSES_IN_THE_WINDOW,
  'recover-when-missing': {
    ...LOSES_IN_THE_WINDOW,
    reset: emptiedButNotMoved('mixed'), // load takes an older backup
  },
  'recover-when-empty': {
    replace: LOSES_IN_A_SECOND_WINDOW,
    // Under power loss all profiles but posix only show `stale`, which the claim allows. A failed save of `{}` brings a backup back, too.
    reset: { ...underKill('stale'), 'power-loss:posix': lossy('stale'), ...underFaults('false-ack') },
    'save-unchanged': emptiedButNotMoved('empty'),
    'save-twice': { ...LOSES_IN_A_SECOND_WINDOW, ...underFaults('empty') },
    'rotate-often': { ...LOSES_IN_A_SECOND_WINDOW, ...underFaults('empty') },
    update: { ...LOSES_IN_A_SECOND_WINDOW, ...SAVES_A_FAILED_READ },
    large: LOSES_IN_A_SECOND_WINDOW,
    ...SKIPS_WHAT_OTHERS_REPLACED,
    'reader-while-saving': { interleaving: lossy('empty') },
    histories: anyhow('process-kill', 'power-loss', 'io-error', 'interleaving'),
  },
  'copy-then-replace': {
    ...SKIPS_WHAT_OTHERS_REPLACED,
    update: SAVES_A_FAILED_READ,
    histories: anyhow('io-error'),
  },
  'copy-then-replace-unsynced': {
    'first-save': underPowerLoss('empty'), // the rename replaces no file, so nothing flushes
    replace: UNSYNCED,
    'save-twice': UNSYNCED,
    'rotate-often': UNSYNCED,
    update: { ...UNSYNCED, ...SAVES_A_FAILED_READ },
    large: UNSYNCED,
    ...SKIPS_WHAT_OTHERS_REPLACED,
    histories: anyhow('power-loss', 'io-error'),
  },
  'in-place': {
    'first-save': underPowerLoss('empty', 'unreadable'),
    replace: OVERWRITES,
    'save-twice': OVERWRITES,
    'rotate-often': OVERWRITES,
    update: OVERWRITES,
    large: OVERWRITES,
    ...SHOWS_NOTHING_TO_OTHERS,
  },
  hardened: {},
};

/** Claims beyond the defaults. The matrix proves them. */
const DURABLE = {
  'power-loss': 'durable',
  'power-loss:posix': 'durable',
  'power-loss:ext4-noauto': 'durable',
  interleaving: 'durable',
} as const satisfies Claims;
const CLAIMS: { readonly [name: string]: Claims } = { 'copy-then-replace': DURABLE, hardened: DURABLE };

const SESSION_STORES: readonly BuiltInStore[] = Object.entries(DESIGNS).map(([name, knownBugs]) => ({
  name,
  entry: `
    import strategy from './src/strategies/${name}.ts';
    import { sessionStore } from './harness/store/session-store.ts';
    export default sessionStore(${JSON.stringify(name)}, strategy, ${JSON.stringify({ knownBugs, claims: CLAIMS[name] ?? {} })});
  `,
}));

const RESULT_WRITER: BuiltInStore = {
  name: 'result-writer',
  entry: `
    import { resultWriter } from './harness/store/result-writer.ts';
    export default resultWriter('result-writer', ${JSON.stringify(DURABLE)});
  `,
};

export const BUILT_IN_STORES: readonly BuiltInStore[] = [...SESSION_STORES, RESULT_WRITER];
