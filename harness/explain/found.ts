/**
 * The `found` of a case: what recovery met, in words that follow the `foundBy` of its outcome, e.g. `load() returned` `{}`.
 */

import { OUTCOMES, type Outcome } from '../domain/outcomes.ts';
import type { Loaded, Recovery, Saved } from '../domain/recovery.ts';
import type { Looker } from '../domain/sighting.ts';
import type { Promised } from '../domain/trace.ts';
import { describeChecked } from './checked.ts';
import { describeLoaded, describeValue } from './values.ts';

export function describeFound(outcome: Outcome, recovery: Recovery, promised: Promised): string {
  if (recovery.lookedBy !== undefined) return describeChecked(recovery, promised);
  const { foundBy } = OUTCOMES[outcome];
  switch (foundBy) {
    case 'load() returned':
    case 'was readable':
    case 'by another path':
    case 'stayed behind':
      return recovery.load.kind === 'loaded'
        ? describeLoaded(recovery.load.value, promised, outcome)
        : `nothing: it ${broken(recovery.load)}`;
    case 'load() failed':
      return broken(recovery.load);
    case 'did not return':
      return hung(recovery);
    case 'the next save':
      return recovery.save?.kind === 'saved' ? unseen(recovery.secondLoad) : broken(recovery.save);
    default:
      return foundBy satisfies never;
  }
}

/** Behind what was found, where it matters who looked. What a load returned does not depend on what is saved after it. */
export function describeLooker(looker: Looker, outcome: Outcome): string {
  const { foundBy } = OUTCOMES[outcome];
  const isOfSave = foundBy === 'the next save' || foundBy === 'did not return';
  switch (looker.who) {
    case 'a fresh process':
      return '';
    case 'a fresh process after a step':
      return ` (after step ${looker.step})`;
    case 'a fresh process that tries again':
      return isOfSave ? ' (when the same is saved again)' : '';
    case 'a fresh process after a second try':
      return ' (after the same was saved again)';
    case 'the same process':
      return ' (in the same process)';
    case 'the same process that tries again':
      return isOfSave ? ' (when the same is saved again in the same process)' : ' (in the same process)';
    default:
      return looker satisfies never;
  }
}

function broken(result: Loaded | Saved | undefined): string {
  switch (result?.kind) {
    case undefined:
      return 'was not reached';
    case 'loaded':
      return `returned ${describeValue(result.value)}`;
    case 'saved':
      return 'saved';
    case 'threw':
      return `threw ${result.error}`;
    case 'unclear':
      return result.why;
    case 'not-json':
      return `returned ${result.what}, which JSON cannot carry`;
    case 'hung':
      return `did not return within ${result.afterMs / 1000} s`;
    case 'ended':
      return `ended the process: ${result.how}`;
    default:
      return result satisfies never;
  }
}

function hung({ load, save, secondLoad }: Recovery): string {
  const stages = [
    ['load()', load],
    ['the next save', save],
    ['the load after the next save', secondLoad],
  ] as const;
  for (const [name, result] of stages) {
    if (result?.kind === 'hung') return `${name}, within ${result.afterMs / 1000} s`;
  }
  return 'in time';
}

function unseen(secondLoad: Loaded | undefined): string {
  return `resolved, but the load after it ${broken(secondLoad)}`;
}
