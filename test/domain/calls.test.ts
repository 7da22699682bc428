/** What each stage asks of a call, and that no two stages disagree. */
import { describe, expect, test } from 'vitest';
import { CALLS, type Call, changesTree } from '../../harness/domain/calls.ts';
import type { RawOp } from '../../harness/domain/events.ts';
import { matchSites } from '../../harness/explain/sites.ts';
import { isApart } from '../../harness/models/race/apart.ts';
import { mayChange } from '../../harness/record/race.ts';
import { traceOf } from '../lab/traces.ts';

const NAMES = Object.keys(CALLS) as Call[]; // a literal has no other keys
const raw = (call: Call, path = 'a', id = 1): RawOp => ({ kind: 'op', call, via: call, path, id, process: 0 });
const calls = (isOne: (call: Call) => boolean): string => NAMES.filter(isOne).join(' ');

describe('the calls that', () => {
  test('may leave another directory than they found, as races ask', () => {
    const expected = 'write copy truncate allocate rename link symlink unlink mkdir mknod rmdir chmod chown utimes xattr mapwrite';
    expect(calls((call) => mayChange(raw(call)))).toBe(expected);
    expect(mayChange({ ...raw('open'), flags: ['write', 'create'] })).toBe(true);
    expect(mayChange({ ...raw('rename'), error: 'EXDEV' })).toBe(false);
  });

  test('may leave another tree, as the binding recorder asks: times and extended attributes are not in it', () => {
    const expected = 'open write copy truncate allocate rename link symlink unlink mkdir mknod rmdir chmod chown mapwrite';
    expect(calls(changesTree)).toBe(expected);
  });

  test('both recorders must see', () => {
    const missed = (call: Call): boolean => {
      const trace = traceOf({ ops: [{ call, path: 'a', to: 'b' }] });
      return matchSites(trace, { ops: [] }, () => undefined).mismatches.length > 0;
    };
    const expected = 'write copy truncate allocate fsync fdatasync sync rename link symlink unlink mkdir mknod rmdir chmod chown utimes';
    expect(calls(missed)).toBe(expected);
  });

  test('force what came before', () => {
    expect(calls((call) => CALLS[call].forces)).toBe('fsync fdatasync sync msync');
  });
});

test.each(NAMES)('%s changes something exactly if a race cannot put it behind a look at the same files', (call) => {
  const looks = [raw('stat'), raw('stat', 'b', 2), raw('readdir', '.', 0), raw('read')];
  expect(isApart({ ...raw(call), to: { path: 'b', id: 2 } }, looks)).toBe(!mayChange(raw(call)));
});
