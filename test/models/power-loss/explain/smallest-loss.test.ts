import { describe, expect, test } from 'vitest';
import { close, open, rename, resolved, write, writeFile, writeSynced } from '../../../../harness/calibrate/run.ts';
import { treeKey } from '../../../../harness/domain/tree.ts';
import { smallestPart } from '../../../../harness/models/power-loss/explain/minimise.ts';
import { lostOps, type SmallestLoss, simpler } from '../../../../harness/models/power-loss/explain/smallest-loss.ts';
import { powerLossStates, rebuild } from '../../../../harness/persistence/power-loss.ts';
import { PROFILE_NAMES, type ProfileName } from '../../../../harness/persistence/profile.ts';
import { exhaustive } from '../../../lab/depth.ts';
import { type Claim, cellOf, LIVE, NEW, OLD, RUNS, type RunName, smallestIn } from './cell.ts';
import { canPutBack } from './put-back.ts';

/** E.g. `4 without 2*`: op 4 landed, a part of op 2 is lost. */
function inShort(loss: SmallestLoss): string {
  const { landed } = loss;
  const subject = {
    op: () => `${landed.kind === 'op' && landed.op.index}`,
    'part of op': () => `${landed.kind === 'part of op' && landed.op.index}*`,
    acknowledgement: () => `step ${landed.kind === 'acknowledgement' && landed.step}`,
    start: () => 'start',
  }[landed.kind]();
  if (loss.kind === 'crash-alone') return `${subject} alone until ${loss.until?.index}`;
  return `${subject} without ${loss.lost.map(({ op, extent }) => `${op.index}${extent === 'part' ? '*' : ''}`).join(', ')}`;
}

describe('the smallest loss', () => {
  test.each<[RunName, ProfileName, Claim, string]>([
    ['without any fsync', 'xfs', 'atomic', '4 without 2*'],
    ['without any fsync', 'posix', 'atomic', '4 without 2*'],
    ['without any fsync', 'ext4', 'durable', 'step 0 without 4'],
    ['without fsync of the directory', 'xfs', 'durable', 'step 0 without 5'],
    ['without fsync of the directory', 'posix', 'durable', 'step 0 without 5'],
    ['without fsync of the file', 'ext4-noauto', 'atomic', '4 without 2*'],
    ['with fsync of the file too late', 'xfs', 'durable', '4 without 2*'],
    ['in place', 'xfs', 'durable', '2* without 2*'],
    ['truncated, in place', 'xfs', 'atomic', '1 alone until 2'],
    ['after renaming away', 'btrfs', 'durable', '1 alone until 6'],
    ['beside an unsynced copy and a lock', 'xfs', 'atomic', '10 without 8*'],
    ['beside an unsynced copy and a lock', 'ext4', 'durable', 'step 0 without 10, 11'],
    ['beside an unsynced copy and a lock', 'posix', 'atomic', '10 without 8*'],
  ])('of a save %s, on %s, %s: %s', async (run, profile, claim, expected) => {
    expect(inShort(await smallestIn(cellOf({ calls: RUNS[run], profile, claim })))).toBe(expected);
  });

  test('is a whole op where each part of it is a loss by itself, and nothing of it landed', async () => {
    const cell = cellOf({
      calls: [...writeFile('t', 'short'), rename('t', LIVE)],
      profile: 'xfs',
      claim: 'atomic',
      values: ['short'],
    });
    expect(inShort(await smallestIn(cell))).toBe('4 without 2');
  });

  test('names the file that is empty, and not one that was written after it', async () => {
    const calls = [...writeFile('t', NEW), ...writeFile('u', NEW), rename('u', 'v'), rename('t', LIVE)];
    expect(inShort(await smallestIn(cellOf({ calls, profile: 'posix', claim: 'atomic' })))).toBe('8 without 2*');
  });

  test('is shown at the earliest boundary where it fails, though more happened after', async () => {
    const calls = [...writeFile('t', NEW), rename('t', LIVE), ...writeFile('other', 'x'), ...writeSynced('third', 'y')];
    const { state } = await smallestIn(cellOf({ calls, profile: 'xfs', claim: 'atomic' }));
    expect(state.boundary).toBe(4);
    expect(state.detail).toMatch(/^lost=2\./);
  });

  test('is a part of a page when writes are torn at sectors', async () => {
    const calls = [open(LIVE, 'write'), write(LIVE, NEW.slice(0, 1024)), close(LIVE)];
    const sketch = { calls, profile: 'xfs', claim: 'atomic', values: [NEW.slice(0, 1024) + OLD.slice(1024)] } as const;
    expect(cellOf(sketch).failing).toEqual([]);
    const loss = await smallestIn(cellOf({ ...sketch, options: { unit: 512 } }));
    expect(inShort(loss)).toBe('2* without 2*');
    expect(loss.state.detail).toMatch(/^lost512=2\.[12]$/);
  });

  test('before the first op: what was there fails by itself', async () => {
    const cell = cellOf({ calls: writeFile('t', 'x'), profile: 'xfs', claim: 'atomic' });
    const { question } = cell;
    const wrong = { ...question, fails: async (asked: readonly unknown[]) => asked.map(() => true) };
    expect(cell.failing).toEqual([]);
    const failing = [...powerLossStates(question.trace, question.profile)];
    expect(inShort(await smallestIn({ ...cell, question: wrong, failing }))).toBe('start alone until undefined');
  });

  const cells = (Object.keys(RUNS) as RunName[]).flatMap((run) =>
    PROFILE_NAMES.flatMap((profile) => (['atomic', 'durable'] as const).map((claim) => ({ run, profile, claim }))),
  );
  exhaustive('fails, is allowed, and nothing of it can be put back', async () => {
    let explained = 0;
    for (const { run, profile, claim } of cells) {
      const cell = cellOf({ calls: RUNS[run], profile, claim });
      if (cell.failing.length === 0) continue;
      const { state } = await smallestIn(cell);
      const label = `${run}, ${profile}, ${claim}: @${state.boundary}~${state.detail}`;
      expect(treeKey(rebuild(cell.question.trace, cell.question.profile, state.boundary, state.detail)), label).toBe(
        treeKey(state.toTree()),
      );
      expect(canPutBack(cell, state), label).toBe(false);
      explained += 1;
    }
    expect(explained).toBeGreaterThan(40);
  });

  test('planted: a state that was not made smaller is seen to be too large', () => {
    const cell = cellOf({ calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'atomic' });
    const [first] = cell.failing;
    if (first === undefined) throw new Error('it fails');
    const larger = cell.failing.reduce((most, state) => (simpler(most, state) === most ? state : most), first);
    expect(canPutBack(cell, larger)).toBe(true);
  });

  test('is as small when it begins with states of a sample', async () => {
    const sketch = { calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'atomic' } as const;
    const sampled = cellOf({ ...sketch, options: { limit: 30 } });
    const loss = await smallestIn(sampled);
    expect(powerLossStates(sampled.question.trace, sampled.question.profile, sampled.question.options).coverage.kind).toBe('sampled');
    expect(canPutBack(sampled, loss.state)).toBe(false);
    expect(inShort(loss)).toBe('10 without 8*');
  });

  test('is the same each time, in whatever order the failing states come', async () => {
    const cell = cellOf({ calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'durable' });
    const first = await smallestIn(cell);
    const second = await smallestIn({ ...cell, failing: [...cell.failing].reverse() });
    expect([second.state.boundary, second.state.detail]).toEqual([first.state.boundary, first.state.detail]);
  });
});

test('lost ops say what of them is lost', () => {
  const { question, failing } = cellOf({
    calls: [open('t', 'new'), write('t', NEW), close('t'), rename('t', LIVE), resolved],
    profile: 'posix',
    claim: 'durable',
  });
  const { actions } = powerLossStates(question.trace, question.profile).history;
  const listed = failing.flatMap(({ lost }) => lostOps(lost, (op) => actions[op.index - 1]?.microOps.length ?? 0));
  expect(new Set(listed.map(({ op, aspects }) => `${op.call}: ${[...aspects].sort()}`))).toEqual(
    new Set(['open: name', 'write: data', 'write: size', 'write: data,size', 'rename: name']),
  );
  expect(listed.every(({ op, extent }) => op.call === 'write' || extent === 'whole')).toBe(true);
});

describe('the smallest part of a list', () => {
  test.each<[number[], (part: readonly number[]) => boolean, number[]]>([
    [[1, 2, 3, 4, 5, 6, 7, 8], (part) => part.includes(3), [3]],
    [[1, 2, 3, 4, 5, 6, 7, 8], (part) => part.includes(2) && part.includes(7), [2, 7]],
    [[1, 2, 3], (part) => part.length > 0, [3]],
    [[1, 2, 3], () => true, []],
    [[1, 2, 3], (part) => part.length === 3, [1, 2, 3]],
    [[1, 2, 3, 4, 5], (part) => part.includes(5) && (part.includes(1) || !part.includes(2)), [5]],
    [[], () => true, []],
  ])('of %j', async (items, holds, expected) => {
    expect(await smallestPart(items, async (part) => holds(part))).toEqual(expected);
  });
});
