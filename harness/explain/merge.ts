/** One result of the results of all shards: the cells and cases that one run would have, in its order, with their causes. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { UsageError } from '../domain/errors.ts';
import { groupedBy } from '../domain/grouped.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { causesOf } from './causes.ts';
import { joinedEvidence } from './evidence.ts';

export interface NamedResult {
  /** The file that it is from, for errors. */
  readonly name: string;
  readonly result: Result;
}

/** What must be the same in all of them. */
const SHARED = [
  'version',
  'recorder',
  'observed',
  'effort',
  'limits',
  'faults',
  'node',
  'platform',
  'seed',
] as const satisfies readonly (keyof Result)[];

/** Throws UsageError where they are not the shards of one run, each once. */
export function mergeShards(parts: readonly NamedResult[]): Result {
  const [first, ...others] = parts;
  if (first === undefined) throw new UsageError('there is nothing to merge');
  for (const { name, result } of others)
    for (const member of SHARED)
      if (!isDeepStrictEqual(result[member], first.result[member]))
        throw new UsageError(
          `${name} and ${first.name} are of different runs: ${member} is ${inWords(result[member])} and ${inWords(first.result[member])}`,
        );
  const shards = parts.map((part) => shardOf(part));
  const [{ of }] = shards as [ReturnType<typeof shardOf>]; // there is a first part
  for (const [at, { name, index, of: others }] of shards.entries()) {
    if (others !== of) throw new UsageError(`${name} is one of ${others} shards, and ${first.name} one of ${of}`);
    const same = shards.slice(0, at).find((shard) => shard.index === index);
    if (same !== undefined) throw new UsageError(`${name} and ${same.name} are the same shard, ${index}/${of}`);
  }
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter((index) => shards.every((shard) => shard.index !== index));
  if (missing.length > 0) throw new UsageError(`not every shard is there: ${missing.map((index) => `${index}/${of}`).join(', ')}`);
  const placed = shards.flatMap(({ cells, places }) => cells.map((cell, at) => [places[at] ?? 0, cell] as const));
  const cells = placed.sort(([one], [other]) => one - other).map(([, cell]) => cell);
  const byCell = groupedBy(
    parts.flatMap(({ result }) => result.cases),
    ({ id }) => cellNameIn(id),
  );
  const cases = cells.flatMap((cell) => byCell.get(cellName(cell)) ?? []);
  const evidence = joinedEvidence(parts.map(({ result }) => result.evidence));
  const { shard: _, baseline: __, evidence: ___, ...rest } = first.result;
  return {
    ...rest,
    durationMs: Math.max(...parts.map(({ result }) => result.durationMs)),
    causes: causesOf(cells, cases),
    cells,
    cases,
    ...(evidence && { evidence }),
  };
}

interface ShardOf {
  readonly name: string;
  readonly index: number;
  readonly of: number;
  readonly places: readonly number[];
  readonly cells: readonly CellResult[];
}

function shardOf({ name, result: { shard, cells } }: NamedResult): ShardOf {
  if (shard === undefined) throw new UsageError(`${name} is the result of a whole run`, 'Shards are made by run --shard 1/3, 2/3 and 3/3.');
  if (shard.places.length !== cells.length)
    throw new UsageError(`${name} has ${cells.length} of its ${shard.places.length} cells`, 'Its run was cut short.');
  return { name, cells, ...shard };
}

const inWords = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
