/** What is said of a model that cannot be run here: the same to `doctor`, to `--model` and to a run of everything. */
import { expect, test } from 'vitest';
import { checkAvailable, whatIsMissing } from '../../harness/cli/available.ts';
import { UnavailableError } from '../../harness/domain/errors.ts';
import { modelName } from '../../harness/domain/model-names.ts';
import { thisMachine } from '../../harness/machine/machine.ts';
import { VARIANTS } from '../../harness/models/all.ts';
import { BINDING } from '../../harness/record/binding/recorder.ts';
import { FILE_SYSTEMS } from '../../harness/record/image/file-systems.ts';
import { missingFor } from '../../harness/record/image/missing.ts';
import { PTRACE } from '../../harness/record/ptrace/recorder.ts';
import { cellOf } from '../lab/cells.ts';

const recorder = { inFlight: 1, run: () => Promise.reject(), close: async () => {} };
const machine = thisMachine('');
const withBinding = { ...machine, recorder: { ...recorder, ...BINDING } };
const withPtrace = { ...machine, recorder: { ...recorder, ...PTRACE, race: () => Promise.reject() } };

test('without the recorder that they need, power cuts and races', () => {
  const missing = VARIANTS.filter(({ model, profile }) => model.missing(withBinding, profile) !== undefined);
  expect(missing).toEqual(VARIANTS.filter(({ model }) => model.name === 'power-cut' || model.name === 'race'));
  expect(new Set(missing.map(({ model, profile }) => model.missing(withBinding, profile)))).toEqual(new Set(['needs the recorder ptrace']));
});

test('with that recorder, only what the machine lacks for an image', () => {
  for (const { model, profile } of VARIANTS) {
    const fileSystem = Object.values(FILE_SYSTEMS).find(({ name }) => model.name === 'power-cut' && name === profile.name);
    expect(model.missing(withPtrace, profile)).toBe(fileSystem && missingFor(fileSystem, machine.path));
  }
});

test.each<[string, string | undefined]>([
  ['no filter', 'is not possible here (no filter)'],
  ['needs a filter', 'needs a filter'],
])('as a sentence: %s', (noRace, sentence) => {
  expect(whatIsMissing(cellOf('race'), { ...machine, recorder: { ...recorder, ...PTRACE, noRace } })).toBe(sentence);
});

test('what was asked for is an error with its name', () => {
  const asked =
    (...names: string[]) =>
    () =>
      checkAvailable(
        names.map((name) => cellOf(name)),
        withBinding,
      );
  expect(asked('process-kill', 'power-loss:xfs')).not.toThrow();
  for (const name of ['race', 'power-cut:ext4-noauto']) {
    expect(modelName(cellOf(name))).toBe(name);
    expect(asked('process-kill', name)).toThrow(
      new UnavailableError(`--model ${name} needs the recorder ptrace; run "crash-matrix doctor"`),
    );
  }
});
