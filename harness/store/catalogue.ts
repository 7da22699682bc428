/** The built-in stores: the session store with each of its rotation designs, and what must be found in each. */
import type { KnownBug, Model, Outcome } from './define.ts';

type KnownBugs = { readonly [scenario: string]: { readonly [model in Model]?: KnownBug } };

interface BuiltInStore {
  readonly name: string;
  /** A module with the store as its default export, resolved at the package's root. */
  readonly entry: string;
}

const lossy = (...outcomes: Outcome[]): { readonly 'process-kill': KnownBug } => ({ 'process-kill': { grade: 'lossy', outcomes } });

/**
 * Scenarios in which a store that puts the live file aside leaves a window with nothing, or with a placeholder, in its place.
 * Not in `reset`: there nothing is what was asked for.
 */
const LOSES_IN_THE_WINDOW: KnownBugs = {
  replace: lossy('empty'),
  'save-unchanged': lossy('empty'),
  'save-twice': lossy('empty'),
  'rotate-often': lossy('empty'),
  update: lossy('empty'),
  large: lossy('empty'),
};

const DESIGNS: { readonly [name: string]: KnownBugs } = {
  'rename-away': LOSES_IN_THE_WINDOW,
  'placeholder-first': LOSES_IN_THE_WINDOW,
  'placeholder-after-rename': LOSES_IN_THE_WINDOW,
  'recover-when-missing': LOSES_IN_THE_WINDOW,
  'recover-when-empty': { reset: lossy('stale') },
  'copy-then-replace': {},
  'copy-then-replace-unsynced': {},
  'in-place': {
    replace: lossy('empty', 'unreadable'),
    'save-twice': lossy('empty', 'unreadable'),
    'rotate-often': lossy('empty', 'unreadable'),
    update: lossy('empty', 'unreadable'),
    large: lossy('empty', 'unreadable'),
  },
  hardened: {},
};

export const BUILT_IN_STORES: readonly BuiltInStore[] = Object.entries(DESIGNS).map(([name, knownBugs]) => ({
  name,
  entry: `
    import strategy from './src/strategies/${name}.ts';
    import { sessionStore } from './harness/store/session-store.ts';
    export default sessionStore(${JSON.stringify(name)}, strategy, ${JSON.stringify(knownBugs)});
  `,
}));
