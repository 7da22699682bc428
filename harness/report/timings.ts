/** Where the time of a run went: a row for each model, a column for each stage. */
import { modelName } from '../domain/model-names.ts';
import type { CellResult } from '../domain/result.ts';
import { STAGE_NAMES, type Stage } from '../domain/stages.ts';
import { withCommas } from '../domain/words.ts';
import { longest } from './lay-out.ts';
import { isGenerated } from './tables.ts';

const COLUMNS = ['cells', ...STAGE_NAMES, 'seconds'] as const;

/**
 * Seconds that cells waited, while others ran beside them; the costliest model first. Random histories are rows of their own. Cells that were
 * reused are left out.
 */
export function timings(all: readonly CellResult[]): string[] {
  const cells = all.filter(({ reused }) => reused !== true);
  const names = [...new Set(cells.map(rowOf))];
  const ofName = (name: string): readonly CellResult[] => cells.filter((cell) => rowOf(cell) === name);
  const rows = names.map((name) => ({ name, cells: ofName(name), seconds: secondsOf(ofName(name)) }));
  rows.sort((one, other) => other.seconds - one.seconds);
  const lines = [...rows, { name: 'all', cells, seconds: secondsOf(cells) }].map((row) => [
    row.name,
    String(row.cells.length),
    ...STAGE_NAMES.map((stage) => inSeconds(stageOf(row.cells, stage))),
    inSeconds(row.seconds),
  ]);
  const table = [['time by model and stage, in s', ...COLUMNS], ...lines];
  const widths = table[0]?.map((_, at) => longest(table.map((line) => line[at] ?? ''))) ?? [];
  return table.map((line) => line.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join('  '));
}

const rowOf = (cell: CellResult): string => (isGenerated(cell) ? `${modelName(cell)} of histories` : modelName(cell));
const secondsOf = (cells: readonly CellResult[]): number => cells.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
const stageOf = (cells: readonly CellResult[], stage: Stage): number =>
  cells.reduce((sum, { stages }) => sum + (stages?.[stage] ?? 0), 0) / 1000;
const inSeconds = (seconds: number): string => withCommas(Math.round(seconds * 10) / 10);
