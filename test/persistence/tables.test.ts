/** What each profile leaves of the sequences that stores are made of: the exact sets, so that no rule moves unseen. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { leavesExactly, traceOfRow } from './leaves.ts';
import { IN_TABLES, SEQUENCES } from './sequences.ts';

describe.each(Object.entries(SEQUENCES))('%s', (_, rows) => {
  describe.each(rows.map((row) => [row.sequence, row] as const))('%s', (_sequence, row) => {
    test.each(IN_TABLES)('on %s', (name) => {
      expect(traceOfRow(row).ops.filter(({ error }) => error !== undefined)).toEqual([]);
      leavesExactly(row, PROFILES[name]);
    });
  });
});
