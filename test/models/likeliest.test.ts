import { expect, test } from 'vitest';
import { modelName } from '../../harness/domain/model-names.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { VARIANTS } from '../../harness/models/all.ts';
import { likeliestFirst } from '../../harness/models/likeliest.ts';
import { cellOf } from '../lab/cells.ts';

const REPLACE: Partial<Scenario> = { name: 'replace', before: [{ kind: 'save', value: {} }] };
const FIRST_SAVE: Partial<Scenario> = { name: 'first-save', before: [] };

/** The names of cells in the order of a quick run, given in the order of a list. */
const order = (cells: readonly ReturnType<typeof cellOf>[]): string[] =>
  likeliestFirst([...cells.entries()]).map(([, cell]) => `${cell.scenario.name}/${modelName(cell)}`);

test('what finds the most losses in a second goes first', () => {
  const names = ['process-kill', 'power-loss:posix', 'power-loss:xfs', 'io-error', 'io-error:windows'];
  expect(order(names.map((name) => cellOf(name, { scenario: REPLACE })))).toEqual([
    'replace/power-loss:xfs',
    'replace/power-loss:posix',
    'replace/process-kill',
    'replace/io-error',
    'replace/io-error:windows',
  ]);
});

test('what has nothing to lose goes after all that has', () => {
  const scenarios = [FIRST_SAVE, REPLACE];
  expect(order(scenarios.flatMap((scenario) => ['process-kill', 'power-loss:xfs'].map((name) => cellOf(name, { scenario }))))).toEqual([
    'replace/power-loss:xfs',
    'replace/process-kill',
    'first-save/power-loss:xfs',
    'first-save/process-kill',
  ]);
});

test('no cell is lost, and equal ones keep their order', () => {
  const cells = [...VARIANTS, ...VARIANTS].map(({ name }) => cellOf(name, { scenario: REPLACE }));
  const places = likeliestFirst([...cells.entries()]).map(([place]) => place);
  expect(places.toSorted((one, other) => one - other)).toEqual([...cells.keys()]);
  const ofXfs = places.filter((place) => modelName(cells[place] ?? cellOf('race')) === 'power-loss:xfs');
  expect(ofXfs).toEqual(ofXfs.toSorted((one, other) => one - other));
});

test('each variant that runs by default has been measured', () => {
  const unmeasured = VARIANTS.filter(({ profile }) => profile.byDefault && profile.lossesPerSecond === undefined);
  expect(unmeasured.map(({ name }) => name)).toEqual([]);
});
