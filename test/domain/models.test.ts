import { expect, test } from 'vitest';
import { modelName } from '../../harness/domain/model-names.ts';
import { choicesOf, DEFAULT_CHOICES, type ModelChoice, runsUnder } from '../../harness/domain/models.ts';
import type { Claims, KnownBugs } from '../../harness/domain/store.ts';
import { heldTo, knownBugOf } from '../../harness/models/held.ts';

const on = (name: string): ModelChoice => {
  const [choice, ...others] = choicesOf(name) ?? [];
  if (choice === undefined || others.length > 0) throw new Error(`${name} is not one choice`);
  return choice;
};

test.each<[string, Claims, string, string]>([
  ['a kill may lose nothing', {}, 'process-kill', 'durable, gates'],
  ['a kill, claimed', { 'process-kill': 'atomic' }, 'process-kill', 'atomic, gates'],
  ['power loss gates on what is used', {}, 'power-loss:ext4', 'atomic, gates'],
  ['power loss gates on what is used', {}, 'power-loss:xfs', 'atomic, gates'],
  ['power loss gates on what is used', {}, 'power-loss:btrfs', 'atomic, gates'],
  ['the floor is only shown', {}, 'power-loss:posix', 'atomic, shown'],
  ['what needs a mount option is only shown', {}, 'power-loss:ext4-noauto', 'atomic, shown'],
  ['a general claim does not gate on the floor', { 'power-loss': 'durable' }, 'power-loss:posix', 'durable, shown'],
  ['a claim by name does', { 'power-loss:posix': 'durable' }, 'power-loss:posix', 'durable, gates'],
  ['a claim by name goes before the general one', { 'power-loss': 'durable', 'power-loss:xfs': 'lossy' }, 'power-loss:xfs', 'lossy, gates'],
  ['a real cut is held to the claim under power loss', { 'power-loss': 'durable' }, 'power-cut:xfs', 'durable, gates'],
  ['a real cut is held to its profile', { 'power-loss:ext4-noauto': 'durable' }, 'power-cut:ext4-noauto', 'durable, gates'],
  ['and gates where that does', {}, 'power-cut:ext4-writeback', 'atomic, shown'],
  ['a call that fails may lose nothing', {}, 'io-error', 'durable, gates'],
  ['the rules of Windows are only shown', { 'io-error': 'atomic' }, 'io-error:windows', 'atomic, shown'],
  ['but gate where they are claimed', { 'io-error:windows': 'durable' }, 'io-error:windows', 'durable, gates'],
  ['tasks may see earlier values', {}, 'interleaving', 'atomic, gates'],
  ['a race is held to the claim under interleaving', { interleaving: 'durable' }, 'race', 'durable, gates'],
  ['unless it has one of its own', { interleaving: 'durable', race: 'lossy' }, 'race', 'lossy, gates'],
])('%s: %j on %s', (_, claims, name, expected) => {
  const { claim, gates } = heldTo(claims, on(name), false);
  expect(`${claim}, ${gates ? 'gates' : 'shown'}`).toBe(expected);
  expect(heldTo(claims, on(name), true)).toEqual({ claim, gates: true });
});

test('names stand for choices', () => {
  expect(choicesOf('power-loss')?.map(modelName)).toEqual(
    ['posix', 'ext4', 'ext4-noauto', 'xfs', 'btrfs'].map((name) => `power-loss:${name}`),
  );
  expect(choicesOf('power-loss:xfs')).toEqual([{ model: 'power-loss', profile: 'xfs' }]);
  for (const name of ['', 'xfs', 'power-loss:', 'power-loss:ext4-writeback', 'process-kill:xfs']) expect(choicesOf(name)).toBeUndefined();
  expect(DEFAULT_CHOICES.map(({ model }) => model)).not.toContain('power-cut');
  expect(choicesOf('io-error')?.map(modelName)).toEqual(['io-error']);
  expect(DEFAULT_CHOICES.map(modelName)).not.toContain('io-error:windows');
});

test('steps crash and fail, tasks race, and histories do all but race', () => {
  const steps = ['process-kill', 'power-loss:xfs', 'power-cut:xfs', 'io-error', 'io-error:windows'];
  const tasks = ['interleaving', 'race'];
  const histories = ['process-kill', 'power-loss:xfs', 'io-error', 'interleaving'];
  for (const name of [...steps, ...tasks]) {
    expect(runsUnder(on(name), {})).toBe(steps.includes(name));
    expect(runsUnder(on(name), { tasks: [] })).toBe(tasks.includes(name));
    expect(runsUnder(on(name), { histories: true })).toBe(histories.includes(name));
  }
});

test.each<[string, KnownBugs[string], string, unknown]>([
  ['none', {}, 'power-loss:xfs', undefined],
  ['of the model', { 'power-loss': { grade: 'lossy' } }, 'power-loss:xfs', { bug: { grade: 'lossy' }, mayHide: false }],
  [
    'of the profile',
    { 'power-loss': { grade: 'lossy' }, 'power-loss:xfs': { grade: 'atomic' } },
    'power-loss:xfs',
    { bug: { grade: 'atomic' }, mayHide: false },
  ],
  ['of another model', { 'process-kill': { grade: 'lossy' } }, 'power-loss:xfs', undefined],
  [
    'a cut may hide what power loss has',
    { 'power-loss:xfs': { grade: 'lossy' } },
    'power-cut:xfs',
    { bug: { grade: 'lossy' }, mayHide: true },
  ],
  ['a race may hide what an interleaving has', { interleaving: { grade: 'lossy' } }, 'race', { bug: { grade: 'lossy' }, mayHide: true }],
  ['a cut of its own must show', { 'power-cut:xfs': { grade: 'lossy' } }, 'power-cut:xfs', { bug: { grade: 'lossy' }, mayHide: false }],
])('known bugs: %s', (_, bugs, name, expected) => {
  expect(knownBugOf({ replace: bugs }, { name: 'replace' }, on(name))).toEqual(expected);
});

test('what is drawn at random may not come up', () => {
  const bugs: KnownBugs = { histories: { 'process-kill': { grade: 'lossy' } } };
  expect(knownBugOf(bugs, { name: 'histories', histories: true }, on('process-kill'))?.mayHide).toBe(true);
});
