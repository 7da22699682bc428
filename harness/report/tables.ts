/**
 * Which cells of a run are shown together, and how: boundary by boundary as pictures, or as a grid with a column for each file system or model.
 */
import { modelName } from '../domain/model-names.ts';
import type { CellResult } from '../domain/result.ts';
import { ofKind } from './kinds.ts';

export type Table =
  | { readonly kind: 'pictures'; readonly title: string; readonly cells: readonly CellResult[] }
  | {
      readonly kind: 'grid';
      readonly title: string;
      readonly cells: readonly CellResult[];
      readonly columnOf: (cell: CellResult) => string;
    };

/** A few cells are shown boundary by boundary, whatever their model; many that come once per file system, as a grid. */
const MOST_ROWS_OF_PICTURES = 12;

export function tablesOf(cells: readonly CellResult[]): Table[] {
  const generated = cells.filter(isGenerated);
  const written = cells.filter((cell) => !isGenerated(cell));
  const ofTasks = written.filter(isOfTasks);
  const ofSteps = written.filter((cell) => !isOfTasks(cell));
  const byProfile = ofSteps.filter(({ profile }) => profile !== undefined);
  const inGrids = byProfile.length > MOST_ROWS_OF_PICTURES ? byProfile : [];
  const pictured = ofSteps.filter((cell) => !inGrids.includes(cell));
  const tables: Table[] = [
    ...modelsOf(pictured).map((model): Table => ({ kind: 'pictures', title: model, cells: withModel(pictured, model) })),
    ...modelsOf(inGrids).map(
      (model): Table => ({ kind: 'grid', title: model, cells: withModel(inGrids, model), columnOf: ({ profile = 'plain' }) => profile }),
    ),
    { kind: 'grid', title: 'at the same time', cells: ofTasks, columnOf: modelName },
    { kind: 'grid', title: 'random histories', cells: generated, columnOf: modelName },
  ];
  return tables.filter((table) => table.cells.length > 0);
}

export const isGenerated = ({ histories }: CellResult): boolean => histories !== undefined;
const isOfTasks = ofKind('schedules');
const modelsOf = (cells: readonly CellResult[]): CellResult['model'][] => [...new Set(cells.map(({ model }) => model))];
const withModel = (cells: readonly CellResult[], model: CellResult['model']): CellResult[] => cells.filter((cell) => cell.model === model);
