/**
 * The result in few words, for a program that edits the store: each cause with its line, what would mend it, and the command that shows
 * whether it is gone. What is as it was expected is counted.
 */
import type { Cause, Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { cellNames } from './cases.ts';
import { NO_COLORS } from './colors.ts';
import { rerunCommand } from './rerun.ts';
import { verdictLine } from './summary.ts';
import { unprovenAlike, unprovenReason } from './unproven.ts';

export function agentReport(result: Result): string {
  const broken = result.causes.filter(({ status }) => status === 'broken');
  const unproven = unprovenAlike(result.cells);
  const verdict = verdictLine(result, NO_COLORS);
  if (broken.length + unproven.length === 0) return `${verdict}\n`;
  const replays = new Map(result.cases.map(({ id, replay }) => [id, replay]));
  const blocks = [
    ...broken.map((cause, index) => block(cause, index + 1, replays.get(cause.shortest), result)),
    ...unproven.map((cells) => printable(`${cells[0].store}: ${cellNames(cells)}: ${unprovenReason(cells[0])}`)),
    [...others(result.causes), verdict].join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function block(cause: Cause, number: number, replay: string | undefined, result: Result): string {
  const { store, says, site, outcomes, mend, cells } = cause;
  const rows: [string, string | undefined][] = [
    ['source', site?.source],
    ['leaves', `${outcomes.join(', ')} in ${counted(cells.length, 'cell')}`],
    [mend?.verified ? 'mend, verified' : 'mend, a hint', mend?.text],
    ['run', rerunCommand(cause, replay === undefined ? undefined : { replay }, result)],
    ['replay', replay],
  ];
  const lines = rows.flatMap(([label, text]) => (text === undefined ? [] : [printable(`   ${label}: ${text}`)]));
  return [printable(`${number}. ${store}: ${says}`), ...lines].join('\n');
}

/** What is neither to be mended nor shown. */
function others(causes: readonly Cause[]): string[] {
  const count = (status: Cause['status']): number => causes.filter((cause) => cause.status === status).length;
  const [known, shown] = [count('known'), count('shown')];
  return [
    ...(known === 0 ? [] : [`${counted(known, 'known cause')}, found as expected`]),
    ...(shown === 0 ? [] : [`${counted(shown, 'cause')} only shown, where no claim falls`]),
  ];
}
