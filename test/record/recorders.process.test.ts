/** The list of recorders, and what is chosen from it. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/domain/errors.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { missingForRace } from '../../harness/models/race/missing.ts';
import { needsRecorder, RECORDERS } from '../../harness/record/all.ts';
import { BINDING } from '../../harness/record/binding/recorder.ts';
import { chooseRecorder, startSiteRecorder } from '../../harness/record/choose.ts';
import { PTRACE } from '../../harness/record/ptrace/recorder.ts';
import type { Recorder } from '../../harness/record/recorder.ts';
import { resultJsonSchema } from '../../harness/report/json.ts';

const options = { inFlight: 1, installation: findInstallation(import.meta.url), cwd: '/', env: { PATH: process.env.PATH ?? '' } };

test('the schema of results has the names of the list', () => {
  const names = RECORDERS.map(({ name }) => name);
  expect(resultJsonSchema()).toMatchObject({ properties: { recorder: { enum: names } } });
  expect(new Set(names).size).toBe(names.length);
});

test('a recorder that was started has the name and the abilities of its entry', async () => {
  for (const kind of RECORDERS) {
    const started = await chooseRecorder({ wanted: kind.name, ...options }).catch(() => undefined);
    if (started === undefined) continue; // not on this machine
    const { recorder, refused } = started;
    await recorder.close();
    const { name, cuts, races, takesStacks, seesAllProcesses, seesOutside } = kind;
    expect(recorder).toMatchObject({ name, cuts, races, takesStacks, seesAllProcesses, seesOutside });
    expect(refused).toEqual([]);
    expect(recorder.race !== undefined || recorder.noRace !== undefined).toBe(races);
  }
});

test.each<[NodeJS.Platform, string, readonly (string | undefined)[]]>([
  ['linux', 'x64', [undefined, undefined]],
  ['linux', 's390x', ['no syscall table for s390x', undefined]],
  ['darwin', 'arm64', ['ptrace recording is for Linux, and this is darwin', undefined]],
])('what is missing on %s, %s', (platform, arch, expected) => {
  expect(RECORDERS.map(({ missing }) => missing({ platform, arch, path: '' }))).toEqual(expected);
});

test('source lines come from a recorder that takes stacks', async () => {
  const recorder = await startSiteRecorder(options);
  await recorder.close();
  expect(recorder.takesStacks).toBe(true);
});

test('a recorder that is not in the list', async () => {
  await expect(chooseRecorder({ wanted: 'ptrac', ...options })).rejects.toThrow(
    new UsageError('unknown recorder "ptrac"; did you mean ptrace? Known: ptrace, binding'),
  );
});

describe('races', () => {
  const recorder = { inFlight: 1, run: () => Promise.reject(), close: async () => {} };
  test.each<[string, Recorder, string | undefined]>([
    ['that can be run', { ...recorder, ...PTRACE, race: () => Promise.reject() }, undefined],
    ['that this machine does not let', { ...recorder, ...PTRACE, noRace: 'no filter' }, 'no filter'],
    ['without the ability', { ...recorder, ...BINDING }, 'needs the recorder ptrace'],
  ])('%s', (_, its, missing) => {
    expect(missingForRace(its)).toBe(missing);
  });

  test('an ability names every recorder that has it', () => {
    expect(needsRecorder('takesStacks')).toBe('needs the recorder binding');
    expect(needsRecorder('cuts')).toBe('needs the recorder ptrace');
  });
});
