/** Replay refuses a case that does not exist, and says what is missing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeWith } from '../harness/benchmarks/stores.ts';
import { parseCaseId } from '../harness/cli/case-id.ts';
import { EFFORTS } from '../harness/domain/effort.ts';
import { type NotTried, type Replayed, replayed } from '../harness/replay.ts';
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
  return replayed(`store/${rest}`, cell, only, { ...machine, effort, timeoutMs: 10_000, onProgress: () => {} }, (id) => id);
}

test('one that is there is brought about', async () => {
  const { checked, tree } = (await replay('replace/process-kill@1')) as Replayed;
  expect(checked.cases).toMatchObject([{ id: 'store/replace/process-kill@1', outcome: 'original' }]);
  expect(tree.has('value')).toBe(true);
});

/** What is wrong, and the nearest cases. */
async function refusal(rest: string): Promise<NotTried> {
  const found = await replay(rest);
  if (!('notTried' in found)) throw new Error('reason' in found ? found.reason : `${rest} was carried out`);
  return found;
}

test.each<[string, string, string[]]>([
  ['replace/process-kill@99', 'there is no boundary 99: the run has 8 ops', ['process-kill@8', 'process-kill@5', 'process-kill@2']],
  ['replace/process-kill@2~torn=4096', 'op 2 is not killed after 4096 bytes', ['process-kill@2', 'process-kill@1', 'process-kill@0']],
  ['replace/process-kill@0~then=99', 'in recovery, there is no boundary 99', ['process-kill@0']],
  ['replace/power-loss:xfs@99', 'there is no boundary 99', ['power-loss:xfs@8']],
  ['replace/power-loss:xfs@2~lost=2+1', '"lost=2+1" is written "lost=1+2"', []],
  ['replace/power-loss:xfs@2~lost=2+2', '"lost=2+2" is written "lost=2"', []],
  ['replace/io-error@99~EIO', 'there is no op 99: the run has 8 ops', ['io-error@8~E']],
  ['replace/io-error@1~EXDEV', 'op 1, open value.tmp, does not fail like this', ['io-error@1~']],
  ['replace/io-error@1~EIO~then=2~EXDEV', 'after @1~EIO, there is no op 2', []],
  ['histories/process-kill@999~history=s1', 'there is no boundary 999', ['process-kill@']],
  ['histories/process-kill@1', 'it names no history, as in', []],
  ['two-savers/interleaving@4~a1.b3', 'the tasks cannot run in this order', []],
  ['two-savers/interleaving@9~b9', 'the tasks cannot run in this order', []],
])('a case that no run comes to: %s', async (rest, why, near) => {
  const found = await refusal(rest);
  expect(found.notTried).toContain(why);
  for (const [at, id] of near.entries()) expect(found.near[at]).toContain(`store/${rest.split('/')[0]}/${id}`);
});

test('a boundary that is judged with an earlier one is refused', async () => {
  const found = await refusal('replace/process-kill@4');
  expect(found).toEqual({
    notTried: 'nothing on disk changed since @2, and it is judged there',
    near: ['@5', '@2', '@1'].map((at) => `store/replace/process-kill${at}`),
  });
});
