/** What the cells of a model try, also where nothing could be tried. */
import type { CellResult, Tried } from '../domain/result.ts';
import { modelNamed } from '../models/all.ts';

export function kindOf({ tried, model }: Pick<CellResult, 'tried' | 'model'>): Tried['kind'] {
  return tried?.kind ?? modelNamed(model).tries;
}

export function ofKind(kind: Tried['kind']): (cell: CellResult) => boolean {
  return (cell) => kindOf(cell) === kind;
}
