/** The list of commands, and what their help takes from other lists. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../harness/cli/all.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { MODEL_NAMES, VARIANTS, variantsNamed } from '../../harness/models/all.ts';

const { root } = findInstallation(import.meta.url);

const optionOf = (command: string, long: string) =>
  COMMANDS.find(({ name }) => name === command)?.options.find((option) => option.long === long);

test('every file of a command is in the list', () => {
  const files = readdirSync(join(root, 'harness/cli')).filter((file) => file.endsWith('-command.ts'));
  expect(COMMANDS.map(({ name }) => `${name}-command.ts`).sort()).toEqual(files.sort());
});

test('every example is a line of its own command', () => {
  const examples = COMMANDS.flatMap(({ name, examples }) => examples.map((example) => ({ name, example })));
  expect(examples.filter(({ name, example }) => !`${example.replace(/^sudo /, '')} `.startsWith(`crash-matrix ${name} `))).toEqual([]);
});

test('every option of run stands in a group of its help', () => {
  const run = COMMANDS.find(({ name }) => name === 'run');
  expect(run?.options.filter(({ helpGroupHeading }) => helpGroupHeading === undefined)).toEqual([]);
});

test('every name of a model is accepted, and help has all of them', () => {
  expect(new Set(MODEL_NAMES)).toEqual(new Set(VARIANTS.flatMap(({ model, name }) => [model.name, name])));
  expect(MODEL_NAMES.length).toBe(new Set(MODEL_NAMES).size);
  expect(MODEL_NAMES.filter((name) => variantsNamed(name) === undefined)).toEqual([]);
  const help = optionOf('run', '--model')?.description ?? '';
  const spelt = help.split(/,| or |;/).flatMap((part) => {
    const [, model = '', profiles = ''] = /^([\w-]+)(?:\[:(.*)\])?$/.exec(part.trim()) ?? [];
    return [model, ...profiles.split('|').flatMap((profile) => (profile === '' ? [] : [`${model}:${profile}`]))];
  });
  expect(spelt).toEqual(expect.arrayContaining([...MODEL_NAMES]));
});

test('help says what --strict adds', () => {
  expect(optionOf('run', '--strict')?.description).toBe(
    `hold every claim where it is only shown unless --model names it: ${VARIANTS.filter(
      ({ profile }) => !profile.gates && profile.uncalibrated !== true,
    )
      .map(({ name }) => name)
      .join(', ')}`,
  );
});
