/**
 * Which cells of a run are shown boundary by boundary, as pictures, and which as a grid with a column for each model or profile.
 */
import { modelName } from '../domain/model-names.ts';
import type { CellResult } from '../domain/result.ts';
import { ofKind } from './kinds.ts';

export interface Pictures {
  readonly title: string;
  readonly cells: readonly CellResult[];
}

export interface Grid {
  readonly title: string;
  readonly cells: readonly CellResult[];
  readonly columnOf: (cell: CellResult) => string;
}

/** A few cells are shown boundary by boundary, whatever their model. Of many, those of the first model without profiles are. */
const MOST_ROWS_OF_PICTURES = 12;

export function tablesOf(cells: readonly CellResult[]): { readonly pictures: readonly Pictures[]; readonly grid: Grid | undefined } {
  const withLetters = cells.filter((cell) => !isGenerated(cell) && !isOfTasks(cell));
  const first = withLetters.find(({ profile }) => profile === undefined)?.model;
  const isFew = withLetters.length <= MOST_ROWS_OF_PICTURES;
  const pictured = [...new Set(withLetters.map(({ model }) => model))].filter((model) => isFew || model === first);
  const pictures = pictured.map((model) => ({ title: model, cells: cells.filter((cell) => cell.model === model && !isOfTasks(cell)) }));
  const rest = cells.filter((cell) => !pictures.some((table) => table.cells.includes(cell)));
  return { pictures, grid: rest.length === 0 ? undefined : gridOf(rest) };
}

function gridOf(cells: readonly CellResult[]): Grid {
  const models = [...new Set(cells.map(({ model }) => model))];
  const withProfiles = new Set(cells.filter(({ profile }) => profile !== undefined).map(({ model }) => model));
  return { title: models.join(' · '), cells, columnOf: withProfiles.size > 1 ? modelName : ({ model, profile = model }) => profile };
}

export const isGenerated = ({ histories }: CellResult): boolean => histories !== undefined;
const isOfTasks = ofKind('schedules');
