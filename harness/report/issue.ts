/** A case as the draft of an issue for those who keep the store: what was done, what was lost, one command that shows it, and the versions. */
import { OUTCOMES } from '../domain/outcomes.ts';
import type { CaseResult, CellResult } from '../domain/result.ts';
import { printable } from '../domain/words.ts';
import { NO_COLORS } from './colors.ts';
import { failureRows, layOutRows } from './failure.ts';
import { momentRows } from './moment.ts';

export interface IssueVersions {
  readonly crashMatrix: string;
  readonly node: string;
  readonly platform: string;
}

/** Markdown. `timeline`: the run op by op, as `replay` prints it. */
export function draftIssue(cell: CellResult, one: CaseResult, timeline: string, { crashMatrix, node, platform }: IssueVersions): string {
  const moment = momentRows(one, cell.model).map(({ label, words }) => `${label}: ${words.join(', ')}`);
  const fence = '```';
  return printableLines([
    `# ${cell.store}: ${one.outcome} ${when(one)} in \`${cell.scenario}\``,
    '',
    `With crash-matrix, the scenario \`${cell.scenario}\` was run (${cell.model}${cell.profile === undefined ? '' : `, ${cell.profile}`}):`,
    '',
    ...moment.map((line) => `- ${line}`),
    '',
    `A new process then loaded the store. It found: **${one.outcome}**, that is ${OUTCOMES[one.outcome].meaning}.`,
    '',
    fence,
    ...layOutRows(failureRows(cell, one, NO_COLORS, undefined), NO_COLORS, Number.POSITIVE_INFINITY),
    fence,
    '',
    '## To see it',
    '',
    fence,
    `npx ${one.replay}`,
    fence,
    '',
    '<details><summary>The run, op by op</summary>',
    '',
    fence,
    ...timeline.split('\n'),
    fence,
    '',
    '</details>',
    '',
    '## Versions',
    '',
    `crash-matrix ${crashMatrix}, Node ${node}, ${platform}`,
  ]);
}

function when({ fault, schedule, start }: CaseResult): string {
  if (start !== undefined) return 'when it starts on what it did not write so';
  if (fault !== undefined) return 'when a call fails';
  return schedule === undefined ? 'after a crash' : 'with several at work';
}

const printableLines = (lines: readonly string[]): string => lines.map(printable).join('\n');
