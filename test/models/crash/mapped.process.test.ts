/** Stores that write through memory: what a missing msync loses is lost under power loss, and only there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CrashExplored } from '../../../harness/models/crash/explore.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { MAPPING } from '../../lab/mapping.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

/** Two slots, each with a number, a checksum and a value: a save goes to the older one. */
const slots = (save: string): string => `'use strict';
const fs = require('node:fs'), path = require('node:path');
${MAPPING}
const SLOT = 4096;
const sum = (text) => require('node:crypto').createHash('sha1').update(text).digest('hex');
const found = (dir) => {
  let bytes;
  try { bytes = fs.readFileSync(path.join(dir, 'slots')); } catch { return []; }
  return [0, SLOT].flatMap((at) => {
    const [hash, text] = bytes.subarray(at, at + SLOT).toString().split('\\0')[0].split('|');
    return text !== undefined && sum(text) === hash ? [{ at, ...JSON.parse(text) }] : [];
  }).sort((one, other) => other.number - one.number);
};
module.exports = {
  load: (dir) => found(dir)[0]?.value,
  save: (dir, value) => {
    const [last = { at: SLOT, number: 0 }] = found(dir);
    const file = path.join(dir, 'slots');
    if (!fs.existsSync(file)) {
      const fd = fs.openSync(file, 'w'); fs.ftruncateSync(fd, 2 * SLOT); fs.fsyncSync(fd); fs.closeSync(fd);
      const directory = fs.openSync(dir); fs.fsyncSync(directory); fs.closeSync(directory);
    }
    const text = JSON.stringify({ number: last.number + 1, value });
    const it = map(file, 2 * SLOT), at = SLOT - last.at;
    ${save}
    it.unmap();
  },
};
`;
const STORE = `it.store(sum(text) + '|' + text + '\\0', at);`;

describe.skipIf(noPtrace !== undefined)('a store that writes through memory', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ recorder: 'ptrace' });
  });
  afterAll(() => lab.close());

  test.each<[string, string, readonly [kill: string, loss: string]]>([
    ['and syncs its slot', `${STORE} it.sync(at, SLOT);`, ['new', 'new']],
    ['and never syncs', STORE, ['new', 'new stale']],
    ['and syncs the other slot', `${STORE} it.sync(SLOT - at, SLOT);`, ['new', 'new stale']],
  ])('%s', async (_, save, expected) => {
    const ends = await lab.on(lab.store(slots(save)), { scenario: 'replace' }, async ({ check }) =>
      Promise.all(
        ['process-kill', 'power-loss:ext4', 'power-loss:xfs', 'power-loss:btrfs', 'power-loss:posix'].map(async (model) => {
          const { explored, subjects } = await check<CrashExplored>({ model });
          const [subject] = subjects;
          const ops = subject?.kind === 'recorded' ? subject.trace.ops.length : 0;
          expect(explored.doubts).toEqual([]);
          expect(explored.unmeasured).toEqual([]);
          expect(explored.notes.join()).toContain('stores to mapped files are separated only by calls between them: once');
          const last = explored.verdicts.filter(({ case: one }) => one.state.at.op === ops);
          return [...new Set(last.map(({ outcome }) => (outcome === 'original' ? 'new' : outcome)))].sort().join(' ');
        }),
      ),
    );
    const [kill, loss] = expected;
    expect(ends).toEqual([kill, loss, loss, loss, loss]);
  });
});
