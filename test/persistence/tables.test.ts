/** What each profile leaves of the sequences that stores are made of: the exact sets, so that no rule moves unseen. */
import { describe, expect, test } from 'vitest';
import { PROFILE_NAMES } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { leavesExactly, traceOfRow } from './leaves.ts';
import { SEQUENCES } from './sequences.ts';

describe.each(Object.entries(SEQUENCES))('%s', (_, rows) => {
  describe.each(rows.map((row) => [row.sequence, row] as const))('%s', (_sequence, row) => {
    test.each(PROFILE_NAMES)('on %s', (name) => {
      expect(traceOfRow(row).ops.filter(({ error }) => error !== undefined)).toEqual([]);
      leavesExactly(row, PROFILES[name]);
    });
  });
});
