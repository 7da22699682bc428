/** Commands that run cells again, made from what a result says of its run. */
import { cellName } from '../domain/case-id.ts';
import { EFFORTS, GATING_EFFORT, type Limits } from '../domain/effort.ts';
import { modelName } from '../domain/model-names.ts';
import type { Cause, CellResult, Result } from '../domain/result.ts';

/** The options of `run` that change one limit. A run with one of them tries other things than its effort does. */
const OPTIONS: { readonly [limit in keyof Limits]?: (value: Limits[limit]) => string } = {
  kills: (kills) => (kills === 'observed' ? ' --observe' : ''),
  crashes: (crashes) => ` --depth ${crashes}`,
  states: (states) => ` --states ${states}`,
  preemptions: (preemptions) => ` --preemptions ${preemptions}`,
  histories: (histories) => ` --histories ${histories}`,
};

/**
 * Runs every cell of a cause as they were run, with what else their scenarios and models have in common: what a case id names may be
 * elsewhere after the store was changed. Cells that only show a loss are left out: naming their profile would hold the store to it.
 */
export function rerunCommand(cause: Cause, plainest: { readonly replay: string } | undefined, result: Result): string {
  const reached = new Set(cause.cells);
  const all = result.cells.filter((cell) => reached.has(cellName(cell)));
  const held = all.filter(({ status }) => status !== 'shown');
  const cells = held.length === 0 ? all : held;
  const names = (nameOf: (cell: CellResult) => string): string => [...new Set(cells.map(nameOf))].join(',');
  const { store = cause.store, recorder } = namedIn(plainest?.replay ?? '');
  const { effort, seed, faults = [] } = result;
  return [
    `crash-matrix run --store ${store}`,
    ` --scenario ${names(({ scenario }) => scenario)}`,
    ` --model ${names(modelName)}`,
    effort === GATING_EFFORT ? '' : ` --effort ${effort}`,
    ...changedLimits(result),
    ...faults.map((fault) => ` --fault '${fault}'`),
    seed === 0 ? '' : ` --seed ${seed}`,
    recorder === undefined ? '' : ` --recorder ${recorder}`,
  ].join('');
}

function changedLimits({ effort, limits }: Result): string[] {
  const option = <Name extends keyof Limits>(name: Name): string =>
    limits[name] === EFFORTS[effort][name] ? '' : (OPTIONS[name]?.(limits[name]) ?? '');
  return (Object.keys(OPTIONS) as (keyof Limits)[]).map(option);
}

/** The file that holds the store, if `--store` named one. A result says so in its commands alone. */
export function storeFile({ replay }: { readonly replay: string }): string | undefined {
  return namedIn(replay).store?.replace(/'([^']*)'|\\(')/g, '$1$2');
}

/** Words of a replay command, quoted as they are there. */
function namedIn(replay: string): { readonly store?: string; readonly recorder?: string } {
  const [, store, recorder] = /^crash-matrix replay \S+(?: --store ((?:'[^']*'|\\'|[^\s'\\])+))?(?: --recorder (\S+))?/.exec(replay) ?? [];
  return { ...(store !== undefined && { store }), ...(recorder !== undefined && { recorder }) };
}
