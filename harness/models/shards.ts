/**
 * Cells shared out among several runs, as evenly as their expected cost allows.
 *
 * The cells of one store and scenario share a recording, so they stay together. The costliest groups are given away first, each to the shard
 * that has least. It is the same in every run of the same cells.
 */
import { profileOf } from './held.ts';
import type { Cell } from './model.ts';

/** The `index`-th of `of`, from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

type Listed = Pick<Cell, 'model' | 'profile' | 'scenario' | 'store'>;

/** Where nothing was measured: the mean of what was. */
const USUAL_SECONDS = 5;
/** Random histories, beside a written scenario under the same model, where they were not measured. */
const HISTORIES = 3;
/** The mean of the built-in scenarios, of which the seconds are means: each save under test adds its boundaries. */
const USUAL_STEPS = 1.6;

/** The places of the cells of a shard in the list, in order. */
export function placesOf(cells: readonly Listed[], { index, of }: Shard): number[] {
  const groups = new Map<string, { places: number[]; seconds: number }>();
  for (const [place, cell] of cells.entries()) {
    const key = `${cell.store.name}/${cell.scenario.name}`;
    const group = groups.get(key) ?? { places: [], seconds: 0 };
    groups.set(key, group);
    group.places.push(place);
    group.seconds += secondsOf(cell);
  }
  const shards = Array.from({ length: of }, () => ({ places: [] as number[], seconds: 0 }));
  for (const group of [...groups.values()].sort((one, other) => other.seconds - one.seconds)) {
    const [least] = [...shards].sort((one, other) => one.seconds - other.seconds);
    least?.places.push(...group.places);
    if (least !== undefined) least.seconds += group.seconds;
  }
  return (shards[index - 1]?.places ?? []).sort((one, other) => one - other);
}

function secondsOf(cell: Listed): number {
  const { histories, tasks, steps } = cell.scenario;
  const { seconds = USUAL_SECONDS, historiesSeconds = seconds * HISTORIES } = profileOf(cell);
  if (histories) return historiesSeconds;
  return tasks === undefined ? (seconds * (1 + steps.length)) / (1 + USUAL_STEPS) : seconds;
}
