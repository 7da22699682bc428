/** What a store is held to under each variant of a model, and which scenarios run under it. */
import { expect, test } from 'vitest';
import type { Claims, KnownBugs } from '../../harness/domain/store.ts';
import { appliesTo, MODEL_NAMES, VARIANTS, variantsNamed } from '../../harness/models/all.ts';
import { heldTo, knownBugOf } from '../../harness/models/held.ts';
import { PROFILE_NAMES } from '../../harness/persistence/profile.ts';
import { cellOf, REPLACE, variantOf } from '../lab/cells.ts';

test.each<[string, Claims, string, string]>([
  ['a kill may lose nothing', {}, 'process-kill', 'durable, profile'],
  ['a kill, claimed', { 'process-kill': 'atomic' }, 'process-kill', 'atomic, profile'],
  ['power loss gates on what is used', {}, 'power-loss:ext4', 'atomic, profile'],
  ['power loss gates on what is used', {}, 'power-loss:xfs', 'atomic, profile'],
  ['power loss gates on what is used', {}, 'power-loss:btrfs', 'atomic, profile'],
  ['the floor is only shown', {}, 'power-loss:posix', 'atomic, nothing'],
  ['what needs a mount option is only shown', {}, 'power-loss:ext4-noauto', 'atomic, nothing'],
  ['a general claim does not gate on the floor', { 'power-loss': 'durable' }, 'power-loss:posix', 'durable, nothing'],
  ['a claim by name does', { 'power-loss:posix': 'durable' }, 'power-loss:posix', 'durable, claim'],
  [
    'a claim by name goes before the general one',
    { 'power-loss': 'durable', 'power-loss:xfs': 'lossy' },
    'power-loss:xfs',
    'lossy, profile',
  ],
  ['a real cut is held to the claim under power loss', { 'power-loss': 'durable' }, 'power-cut:xfs', 'durable, profile'],
  ['a real cut is held to its profile', { 'power-loss:ext4-noauto': 'durable' }, 'power-cut:ext4-noauto', 'durable, claim'],
  ['and gates where that does', {}, 'power-cut:ext4-writeback', 'atomic, nothing'],
  ['a call that fails may lose nothing', {}, 'io-error', 'durable, profile'],
  ['the rules of Windows are only shown', { 'io-error': 'atomic' }, 'io-error:windows', 'atomic, nothing'],
  ['but gate where they are claimed', { 'io-error:windows': 'durable' }, 'io-error:windows', 'durable, claim'],
  ['tasks may see earlier values', {}, 'interleaving', 'atomic, profile'],
  ['a race is held to the claim under interleaving', { interleaving: 'durable' }, 'race', 'durable, profile'],
  ['damage is only shown', {}, 'at-rest', 'atomic, nothing'],
  ['links are only shown', { 'through-link': 'durable' }, 'through-link:symlink', 'durable, nothing'],
  ['and gate where they are claimed', { 'through-link:symlink': 'durable' }, 'through-link:symlink', 'durable, claim'],
  ['but gates where it is claimed', { 'at-rest': 'durable' }, 'at-rest', 'durable, claim'],
  ['unless it has one of its own', { interleaving: 'durable', race: 'lossy' }, 'race', 'lossy, profile'],
])('%s: %j on %s', (_, claims, name, expected) => {
  const { claim, heldBy } = heldTo(cellOf(name, { store: { claims } }));
  expect(`${claim}, ${heldBy}`).toBe(expected);
  for (const asked of ['name', 'strict'] as const)
    expect(heldTo(cellOf(name, { store: { claims }, heldBy: asked }))).toEqual({ claim, heldBy: heldBy === 'nothing' ? asked : heldBy });
});

test('under rules that were never calibrated no claim is held, whoever asks for it', () => {
  const claims = { 'power-loss:ntfs': 'durable' } as const;
  for (const heldBy of ['name', 'strict'] as const)
    expect(heldTo(cellOf('power-loss:ntfs', { store: { claims }, heldBy }))).toEqual({ claim: 'durable', heldBy: 'nothing' });
});

const namesIn = (name: string): string[] | undefined => variantsNamed(name)?.map((variant) => variant.name);

test('names stand for variants', () => {
  const byName = ['ext4-journal', 'f2fs', 'apfs', 'ntfs'];
  const byDefault = PROFILE_NAMES.filter((name) => !byName.includes(name));
  expect(namesIn('power-loss')).toEqual(byDefault.map((name) => `power-loss:${name}`));
  expect(namesIn('power-loss:ntfs')).toEqual(['power-loss:ntfs']);
  expect(namesIn('power-loss:xfs')).toEqual(['power-loss:xfs']);
  for (const name of ['', 'xfs', 'power-loss:', 'power-loss:ext4-writeback', 'process-kill:xfs'])
    expect(variantsNamed(name)).toBeUndefined();
  expect(namesIn('io-error')).toEqual(['io-error']);
  for (const name of MODEL_NAMES) expect(variantsNamed(name)).not.toBeUndefined();
});

test('what runs although nobody named it', () => {
  const notByDefault = VARIANTS.filter(({ profile }) => !profile.byDefault).map(({ name }) => name);
  const profiles = ['ext4-journal', 'f2fs', 'apfs', 'ntfs'].map((name) => `power-loss:${name}`);
  expect(notByDefault).toEqual([
    ...profiles,
    ...(namesIn('power-cut') ?? []),
    'io-error:windows',
    'through-link:hard-link',
    'through-link:owner',
    'through-link:xattr',
  ]);
});

test('steps crash and fail, tasks race, and histories do either', () => {
  const steps = ['process-kill', 'power-loss:xfs', 'power-cut:xfs', 'io-error', 'io-error:windows'];
  const tasks = ['interleaving', 'race'];
  const applies = (name: string, scenario: object): boolean => appliesTo(variantOf(name), { ...REPLACE, ...scenario });
  for (const name of [...steps, ...tasks]) {
    expect(applies(name, {})).toBe(steps.includes(name));
    expect(applies(name, { tasks: [] })).toBe(tasks.includes(name));
    expect(applies(name, { histories: true })).toBe(true);
  }
});

test('of histories, what takes long or needs root runs only when it is named', () => {
  const histories = { ...REPLACE, histories: true } as const;
  const chosen = VARIANTS.filter(
    ({ model, profile }) => profile.byDefault && model.appliesTo(histories, profile) && (model.byDefaultOn?.(histories) ?? true),
  );
  expect(chosen.map(({ name }) => name)).toEqual(['process-kill', ...(namesIn('power-loss') ?? []), 'io-error', 'interleaving']);
  expect(VARIANTS.filter(({ model }) => model.byDefaultOn?.(REPLACE) === false)).toEqual([]);
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
  expect(knownBugOf(cellOf(name, { store: { knownBugs: { replace: bugs } } }))).toEqual(expected);
});

test('what is drawn at random may not come up', () => {
  const bugs: KnownBugs = { histories: { 'process-kill': { grade: 'lossy' } } };
  const cell = cellOf('process-kill', { store: { knownBugs: bugs }, scenario: { name: 'histories', histories: true } });
  expect(knownBugOf(cell)?.mayHide).toBe(true);
});
