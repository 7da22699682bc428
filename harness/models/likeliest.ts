/**
 * The order in which a quick run tries cells: where the most losses are found in a second goes first.
 *
 * Measured on the built-in stores, by `npm run matrix`: the most are found by profiles of power loss, which judge many states of one
 * recording. With nothing saved before the crash there is little to lose: 14 % of the cells of `first-save` have a loss, 63 % of those of
 * `replace`. Random histories, of which each is a recording, go last.
 */
import { profileOf } from './held.ts';
import type { Cell } from './model.ts';

type Placed = readonly [place: number, cell: Pick<Cell, 'model' | 'profile' | 'scenario'>];

/** Cells with their places in the list of all cells. */
export function likeliestFirst<P extends Placed>(cells: readonly P[]): P[] {
  return [...cells].sort(
    ([place, cell], [otherPlace, other]) =>
      somethingToLose(other) - somethingToLose(cell) || lossesPerSecond(other) - lossesPerSecond(cell) || place - otherPlace,
  );
}

const somethingToLose = ({ scenario }: Placed[1]): number => Number(scenario.before.length > 0 || scenario.files !== undefined);

const lossesPerSecond = (cell: Placed[1]): number => profileOf(cell).lossesPerSecond ?? 0;
