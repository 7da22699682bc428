/** What fails a run, for the message of a test: causes and cells that could not be shown, and nothing of what is as it should be. */
import type { Result } from '../domain/result.ts';
import { causeSections } from './causes.ts';
import { NO_COLORS } from './colors.ts';
import { unprovenAlike, unprovenBlock } from './unproven.ts';

/** As the report of a terminal has it, in lines of about this many characters. */
const COLUMNS = 110;

/** Undefined where nothing fails. */
export function failureText(result: Pick<Result, 'cells' | 'cases' | 'causes'>): string | undefined {
  const broken = { ...result, causes: result.causes.filter(({ status }) => status === 'broken') };
  const causes = causeSections(broken, { columns: COLUMNS, colors: NO_COLORS });
  const blocks = [
    ...causes.map((lines, index) => (index === 0 && result.cells.length === 1 ? lines.slice(1) : lines).join('\n')),
    ...unprovenAlike(result.cells).map((cells) => unprovenBlock(cells, NO_COLORS, COLUMNS)),
  ];
  return blocks.length === 0 ? undefined : blocks.join('\n\n');
}
