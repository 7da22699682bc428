/** What the check of a program found, and what the program had acknowledged, in words. */
import { keysOf } from '../domain/json.ts';
import type { Recovery } from '../domain/recovery.ts';
import type { Promised } from '../domain/trace.ts';

/** What stands in front of what was found. */
export const LOOKED_BY = { check: 'the check', rerun: 'run again' } as const;

const MOST_NAMED = 6;

/** `a, b and 3 more`. */
function namesText(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ');
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown;
}

/** Of a check that accepts, what was acknowledged and is under way; what else it found does not count. */
export function describeChecked({ load, lookedBy }: Pick<Recovery, 'load' | 'lookedBy'>, { acknowledged, inFlight }: Promised): string {
  if (lookedBy === 'rerun' && load.kind === 'loaded') return 'it reaches what a run without a crash leaves';
  switch (load.kind) {
    case 'loaded': {
      const found = keysOf(load.value);
      const wanted = [acknowledged, ...inFlight].flatMap((value) => Object.keys(keysOf(value)));
      const [there, missing] = [true, false].map((is) => [...new Set(wanted)].filter((name) => (found[name] !== undefined) === is));
      const acked = Object.keys(keysOf(acknowledged));
      const lost = (missing ?? []).filter((name) => acked.includes(name));
      if (lost.length > 0) return `does not find ${namesText(lost)}`;
      return there === undefined || there.length === 0 ? 'accepts it' : `finds ${namesText(there)}`;
    }
    case 'threw':
      return `fails: ${load.error}`;
    case 'hung':
      return `did not end within ${load.afterMs / 1000} s`;
    case 'ended':
      return `was ended: ${load.how}`;
    case 'unclear':
      return load.why;
    case 'not-json':
      return `returned ${load.what}`;
    default:
      return load satisfies never;
  }
}

export function describeAcknowledged({ acknowledged }: Promised): string {
  const names = Object.keys(keysOf(acknowledged));
  return names.length === 0 ? 'nothing yet' : namesText(names);
}
