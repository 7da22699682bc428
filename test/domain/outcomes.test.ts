import { expect, test } from 'vitest';
import { OUTCOMES, worstOutcome } from '../../harness/domain/outcomes.ts';

test('every outcome has a letter and a severity of its own, and every loss is worse than every other outcome', () => {
  const rows = Object.values(OUTCOMES);
  expect(new Set(rows.map(({ letter }) => letter)).size).toBe(rows.length);
  expect(rows.map(({ severity }) => severity).sort((one, other) => one - other)).toEqual(rows.map((_, index) => index));
  const best = Math.min(...rows.flatMap(({ loss, severity }) => (loss ? [severity] : [])));
  expect(rows.filter(({ loss, severity }) => !loss && severity > best)).toEqual([]);
  expect(worstOutcome([])).toBeUndefined();
});
