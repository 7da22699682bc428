/** What is said of a model that cannot be run here: the same to `doctor`, to `--model` and to a run of everything. */
import { expect, test } from 'vitest';
import { checkAvailable, whatIsMissing } from '../../harness/cli/available.ts';
import { listModels } from '../../harness/cli/model-list.ts';
import { UnavailableError } from '../../harness/domain/errors.ts';
import { modelName } from '../../harness/domain/model-names.ts';
import type { ModelChoice } from '../../harness/domain/models.ts';
import { thisMachine } from '../../harness/machine/machine.ts';
import type { Cell } from '../../harness/models/model.ts';
import { BINDING } from '../../harness/record/binding/recorder.ts';
import { FILE_SYSTEMS } from '../../harness/record/image/file-systems.ts';
import { missingFor, missingFor as missingForImage } from '../../harness/record/image/missing.ts';
import { PTRACE } from '../../harness/record/ptrace/recorder.ts';

const recorder = { inFlight: 1, run: () => Promise.reject(), close: async () => {} };
const machine = thisMachine('');
const withBinding = { ...machine, recorder: { ...recorder, ...BINDING } };
const withPtrace = { ...machine, recorder: { ...recorder, ...PTRACE, race: () => Promise.reject() } };
const choices = listModels().flatMap((model) => model.choices);
const cell = (choice: ModelChoice): Cell => choice as Cell;

test('without the recorder that they need, power cuts and races', () => {
  const missing = choices.filter((choice) => missingFor(choice, withBinding) !== undefined);
  expect(missing).toEqual(choices.filter(({ model }) => model === 'power-cut' || model === 'race'));
  expect(new Set(missing.map((choice) => missingFor(choice, withBinding)))).toEqual(new Set(['needs the recorder ptrace']));
});

test('with that recorder, only what the machine lacks for an image', () => {
  for (const choice of choices)
    expect(missingFor(choice, withPtrace)).toBe(
      choice.model === 'power-cut' ? missingForImage(FILE_SYSTEMS[choice.profile], machine.path) : undefined,
    );
});

test.each<[string, string | undefined]>([
  ['no filter', 'is not possible here (no filter)'],
  ['needs a filter', 'needs a filter'],
])('as a sentence: %s', (noRace, sentence) => {
  expect(whatIsMissing({ model: 'race' }, { ...machine, recorder: { ...recorder, ...PTRACE, noRace } })).toBe(sentence);
});

test('what was asked for is an error with its name', () => {
  const asked =
    (...models: ModelChoice[]) =>
    () =>
      checkAvailable(models.map(cell), withBinding);
  expect(asked({ model: 'process-kill' }, { model: 'power-loss', profile: 'xfs' })).not.toThrow();
  for (const choice of [{ model: 'race' }, { model: 'power-cut', profile: 'ext4-noauto' }] as const)
    expect(asked({ model: 'process-kill' }, choice)).toThrow(
      new UnavailableError(`--model ${modelName(choice)} needs the recorder ptrace; run "crash-matrix doctor"`),
    );
});
