/** A result with as many cases as are asked for, alike and yet each its own, as a long run has them. */
import { OUTCOME_NAMES } from '../../harness/domain/outcomes.ts';
import type { CaseResult, CellResult, Result } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { failing, resultOf } from './fixture.ts';

const CELLS = 200;

export function manyCases(count: number): Result {
  const [cell] = failing.cells;
  const [one] = failing.cases;
  if (cell === undefined || one === undefined) throw new Error('the fixture is empty');
  const cells = Array.from(
    { length: CELLS },
    (_, index): CellResult => ({
      ...cell,
      store: `store-${Math.floor(index / 10)}`,
      scenario: `scenario-${index % 10}`,
      status: 'broken',
      grade: 'lossy',
      violations: Math.floor(count / CELLS),
      outcomes: { empty: Math.floor(count / CELLS) },
    }),
  );
  // The first cell has half of all.
  const cellAt = (index: number): CellResult => cells[index % 2 === 0 ? 0 : (index >> 1) % CELLS] ?? cell;
  const cases = Array.from({ length: count }, (_, index): CaseResult => {
    const { store, scenario, model } = cellAt(index);
    const id = `${store}/${scenario}/${model}@${index}~lost=${(index * 7919) % 1009}`;
    return {
      ...one,
      id,
      violation: index % 3 !== 0,
      outcome: OUTCOME_NAMES[2 + (index % 5)] ?? 'empty',
      lost: [`op ${index % 97} write sessions.json.<uuid>.tmp 0..${index}: its data at block ${index % 13}`],
      onDisk: [...one.onDisk, { path: `sessions.json.${(index * 2654435761) % 4294967296}`, bytes: index }],
      replay: `crash-matrix replay ${id}`,
    };
  });
  return resultOf([], { cells, cases, causes: causesOf(cells, cases.slice(0, 10_000)) });
}
