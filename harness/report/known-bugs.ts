/**
 * Known bugs that were found, in brief: they are as expected and must not drown what is not. One entry per store, outcome and
 * line of source, however many scenarios show it.
 */
import type { CellResult } from '../domain/result.ts';
import { printable } from '../domain/words.ts';
import type { Failure } from './cases.ts';
import type { Colors } from './colors.ts';
import { wrapSegments, wrapWords } from './lay-out.ts';
import { momentLine, siteText } from './moment.ts';
import { paintOutcome } from './outcomes.ts';

export function knownBugLines(failures: ReadonlyMap<CellResult, readonly Failure[]>, columns: number, colors: Colors): string[] {
  const groups = new Map<string, Failure[]>();
  for (const [cell, ofCell] of failures) {
    if (cell.status !== 'known-bug') continue;
    for (const failure of ofCell) {
      const key = JSON.stringify([cell.store, cell.model, failure.first.outcome, placeOf(failure)]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [failure]);
      else group.push(failure);
    }
  }
  return [...groups.values()].flatMap((group) => entry(group, columns, colors));
}

/** Failures with the same place are reported once: the line of source, or without one the op. */
function placeOf({ first: { after, end } }: Failure): string {
  if (end) return 'end';
  return after?.site === undefined ? (after?.text ?? '') : siteText(after.site);
}

function entry(group: readonly Failure[], columns: number, colors: Colors): string[] {
  const failure = group[0];
  if (failure === undefined) return [];
  const { store } = failure.cell;
  const { outcome, replay } = failure.first;
  const scenarios = [...new Set(group.map(({ cell }) => cell.scenario))].join(', ');
  const profiles = [...new Set(group.flatMap(({ cell }) => cell.profile ?? []))].join(', ');
  const [heading = '', ...rest] = wrapWords(
    `${store}  ${outcome} in ${scenarios}${profiles === '' ? '' : `, on ${profiles}`}`,
    columns - 4,
  );
  const painted = `${colors.bold(store)}  ${paintOutcome(outcome, outcome, colors)}${heading.slice(store.length + 2 + outcome.length)}`;
  return [
    `  ${painted}`,
    ...rest.map((line) => `    ${line}`),
    ...wrapSegments(momentLine(failure.first).map(printable), columns - 4).map((line) => colors.dim(`    ${line}`)),
    colors.dim(`    ${replay}`),
  ];
}
