/** The evidence of a result in parts, one for each store and scenario: a page unpacks the part of the case that is looked at. */
import { cellName, cellNameIn } from '../domain/case-id.ts';
import type { CaseEvidence, Evidence } from '../domain/evidence.ts';
import { groupedBy } from '../domain/grouped.ts';
import type { CellResult, Result } from '../domain/result.ts';
import type { PageCell, PageEvidence } from './page/data.ts';

/** `add` is given each part, as JSON. Returns where a cell's part is. */
export function packEvidence(
  { evidence, cells }: Pick<Result, 'evidence' | 'cells'>,
  add: (part: string) => void,
): (cell: CellResult) => Pick<PageCell, 'evidence'> {
  if (evidence === undefined) return () => ({});
  const groupOf = ({ store, scenario }: CellResult): string => `${store}/${scenario}`;
  const byCell = groupedBy(Object.entries(evidence.cases), ([id]) => cellNameIn(id));
  const numbers = new Map<string, number>();
  for (const [group, some] of groupedBy(cells, groupOf)) {
    const cases = some.flatMap((cell) => (byCell.get(cellName(cell)) ?? []).map(([, one]) => one));
    if (cases.length === 0) continue;
    add(JSON.stringify(partOf(cases, evidence)));
    numbers.set(group, numbers.size);
  }
  return (cell) => {
    const number = numbers.get(groupOf(cell));
    return number === undefined || !byCell.has(cellName(cell)) ? {} : { evidence: number };
  };
}

/** What these cases name, and what that names. */
function partOf(cases: readonly CaseEvidence[], all: Evidence): PageEvidence {
  const runs = pick(
    all.runs,
    cases.flatMap(({ led }) => led.map(({ run }) => run)),
  );
  const ops = Object.values(runs).flatMap((run) => run.ops);
  const starts = Object.values(runs).flatMap(({ start }) => start ?? []);
  const cuts = pick(
    all.cuts,
    cases.flatMap(({ cut }) => cut?.id ?? []),
  );
  const landed = Object.values(cuts).flatMap((cut) => cut.trees);
  const trees = pick(all.trees, [...cases.map(({ left }) => left), ...landed, ...starts, ...ops.flatMap(({ tree }) => tree ?? [])]);
  return {
    runs,
    trees,
    cuts,
    lines: pick(
      all.lines,
      ops.map(({ line }) => line),
    ),
    contents: pick(
      all.contents,
      Object.values(trees).flatMap((entries) => entries.flatMap(({ contents }) => contents ?? [])),
    ),
    values: pick(
      all.values,
      cases.flatMap(({ promised, loaded }) => [...promised, ...(loaded === undefined ? [] : [loaded])]),
    ),
  };
}

function pick<Item>(table: { readonly [id: string]: Item }, ids: readonly string[]): { [id: string]: Item } {
  return Object.fromEntries([...new Set(ids)].flatMap((id) => (table[id] === undefined ? [] : [[id, table[id]] as const])));
}
