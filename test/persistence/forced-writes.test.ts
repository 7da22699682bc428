/** Writes through descriptors that force what is written: O_SYNC and O_DSYNC. */
import { expect, test } from 'vitest';
import { open, traceOfRun, write } from '../../harness/calibrate/run.ts';
import { forcedIn, openFlagsIn } from '../../harness/domain/open-flags.ts';
import type { OpenFlag, Trace } from '../../harness/domain/trace.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { inWords } from './sequences.ts';

const written = traceOfRun({ live: 'o'.repeat(8192) }, [
  open('live', 'write'),
  write('live', 'a'.repeat(4096)),
  write('live', 'b'.repeat(4096), 4096),
]);

/** The last write, through a descriptor that was opened with this flag. */
const forcing = ({ ops, ...rest }: Trace, flag: OpenFlag): Trace => ({
  ...rest,
  ops: ops.map((op) => (op.index === ops.length ? { ...op, flags: [flag] } : op)),
});

const left = (trace: Trace, profile: keyof typeof PROFILES): string[] =>
  [...new Set([...statesAt(trace, PROFILES[profile], trace.ops.length)].map((state) => inWords(state.toTree(), 'live')))].sort();

test.each(['posix', 'ext4', 'xfs', 'btrfs'] as const)('the pages of the write are there, and no others must be, on %s', (profile) => {
  expect(left(written, profile)).toContain('[a4096][o4096]');
  for (const flag of ['sync', 'dsync'] as const) {
    const after = left(forcing(written, flag), profile);
    expect(after).toContain('[o4096][b4096]');
    expect(after.every((text) => text.endsWith('[b4096]'))).toBe(true);
  }
});

test.runIf(process.platform === 'linux')('the flags of Linux in words', () => {
  expect(openFlagsIn(0o4010101)).toEqual(['write', 'create', 'sync']);
  expect(openFlagsIn(0o10002)).toEqual(['read', 'write', 'dsync']);
  expect(forcedIn(0o2000)).toEqual([]);
});
