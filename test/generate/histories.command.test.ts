/** Whole runs of the built command with random histories: a bug that takes three steps is reported in three steps, and replayed by its id. */
import { afterAll, beforeAll, expect } from 'vitest';
import { RESURRECTS } from '../../harness/benchmarks/stores.ts';
import { expectNothingLeft, openPlace, type Place } from '../lab/command.ts';
import { deep } from '../lab/depth.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

deep('a bug that takes three steps is found by chance, reported in these three, and replayed', async () => {
  place.write({ 'resurrects.cjs': RESURRECTS });
  const tmp = place.tmp();
  const { exitCode, result } = await place.result(['--store', './resurrects.cjs', '--scenario', 'histories', '--effort', 'deep'], { tmp });
  expect(exitCode).toBe(1);
  expect(result.cells).toMatchObject([
    {
      grade: 'lossy',
      status: 'broken',
      tried: { kind: 'kills', kills: 0 },
      histories: { tried: 24 },
    },
  ]);
  const [shortest] = result.cases;
  expect(shortest).toMatchObject({
    id: expect.stringMatching(/^resurrects\/histories\/process-kill@\d+~history=s1\.z\.u1$/),
    outcome: 'mixed',
    history: ['save v1', 'reset: save {}', 'update k1'],
    after: { text: 'rename value.tmp -> value', site: { file: 'resurrects.cjs' } },
    found: '2 entries that nobody saved',
    promised: '{} or 1 entry',
  });
  await expectNothingLeft(tmp);

  const again = await place.run(['replay', shortest?.id ?? '', '--store', './resurrects.cjs'], { tmp });
  expect(again).toMatchObject({ exitCode: 1, stderr: '' });
  expect(again.stdout).toContain('2 entries that nobody saved');
  expect(again.stdout).toMatch(/^ +history +save v1 . reset: save \{\} . update k1$/m);
  await expectNothingLeft(tmp);
});
