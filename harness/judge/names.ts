/**
 * The oracle for a program: every name that it acknowledged is found by its check. Pure.
 *
 *   lost         a name is not found, or the check refuses a directory of which something had been acknowledged
 *   unreadable   the check refuses a directory of which nothing had been acknowledged, and accepts the one that the program began with
 *
 * What else the check finds does not count: a name is acknowledged after it is there.
 */
import { keysOf } from '../domain/json.ts';
import type { Outcome } from '../domain/outcomes.ts';
import type { Loaded } from '../domain/recovery.ts';
import type { Promised } from '../domain/trace.ts';

/** `throwsWhenFresh`: the check refuses what the program begins with. */
export function judgeNames({ acknowledged, inFlight }: Promised, load: Loaded, options: { readonly throwsWhenFresh: boolean }): Outcome {
  const names = Object.keys(keysOf(acknowledged));
  switch (load.kind) {
    case 'hung':
      return 'hung';
    case 'threw':
      if (names.length > 0) return 'lost';
      return options.throwsWhenFresh ? 'original' : 'unreadable';
    case 'ended':
    case 'not-json':
    case 'unclear':
      return 'unreadable';
    case 'loaded': {
      const found = keysOf(load.value);
      if (names.some((name) => found[name] === undefined)) return 'lost';
      const isUnderWay = (name: string): boolean => !names.includes(name) && found[name] !== undefined;
      return inFlight.some((value) => Object.keys(keysOf(value)).some(isUnderWay)) ? 'new' : 'original';
    }
    default:
      return load satisfies never;
  }
}
