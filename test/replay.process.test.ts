/** Replay refuses a case that does not exist, and says what is missing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeWith } from '../harness/benchmarks/stores.ts';
import { parseCaseId } from '../harness/cli/case-id.ts';
import { EFFORTS } from '../harness/domain/effort.ts';
import { NoSuchState } from '../harness/persistence/power-loss.ts';
import { type Replayed, replayed } from '../harness/replay.ts';
import { builtInScenarios } from '../scenarios/all.ts';
import { UPDATES } from './lab/abilities.ts';
import { type Lab, openLab } from './lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ inFlight: 2 });
});
afterAll(() => lab.close());

/** The case of a store of ten lines. */
function replay(rest: string): ReturnType<typeof replayed> {
  const { scenario: name, variant, only } = parseCaseId(`store/${rest}`);
  const scenario = builtInScenarios(0).find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const { installation, workspace, recorder, env } = lab;
  const store = lab.store(storeWith({}), { name: 'store', abilities: UPDATES });
  const cell = { model: variant.model, profile: variant.profile.name, store, scenario };
  const effort = { name: 'deep', ...EFFORTS.deep, seed: 0 } as const;
  const machine = { installation, workspace, recorder, siteRecorder: recorder, cwd: lab.root, env };
  return replayed(cell, only, { ...machine, effort, timeoutMs: 10_000, onProgress: () => {} }, (id) => id);
}

test('one that is there is brought about', async () => {
  const { checked, tree } = (await replay('replace/process-kill@1')) as Replayed;
  expect(checked.cases).toMatchObject([{ id: 'store/replace/process-kill@1', outcome: 'original' }]);
  expect(tree.has('value')).toBe(true);
});

test.each([
  'replace/process-kill@99',
  'replace/process-kill@1~torn=4096',
  'replace/io-error@99~EIO',
  'histories/process-kill@999~history=s1',
])('a place that the run does not have: %s', async (rest) => {
  expect(await replay(rest)).toBeUndefined();
});

test.each([
  ['replace/power-loss:xfs@99', 'there is no boundary 99'],
  ['histories/process-kill@1', 'it names no history, as in'],
])('a state that cannot be: %s', async (rest, message) => {
  const error: unknown = await replay(rest).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoSuchState);
  expect((error as Error).message).toContain(message);
});
