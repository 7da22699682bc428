/**
 * Annotations for GitHub Actions: a workflow command for each cause that breaks a claim, the worst first, then for what could not be shown.
 *
 * GitHub keeps ten errors of a step, and drops the rest without a word. So the tenth says how many there are more.
 */
import { OUTCOMES } from '../domain/outcomes.ts';
import type { Cause, Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { cellNames } from './cases.ts';
import { unprovenAlike, unprovenReason } from './unproven.ts';

/** https://docs.github.com/actions/reference/limits: annotations of one level, of one step. */
const MOST_ERRORS = 10;

interface Annotation {
  readonly file?: string;
  readonly line?: number;
  readonly col?: number;
  readonly title: string;
  readonly lines: readonly string[];
}

export function githubReport(result: Result): string {
  const replays = new Map(result.cases.map(({ id, replay }) => [id, replay]));
  const broken = result.causes.filter(({ status }) => status === 'broken').sort((one, other) => severityOf(other) - severityOf(one));
  const all = [...broken.map((cause) => ofCause(cause, replays.get(cause.shortest))), ...ofUnproven(result)];
  const shown = all.length > MOST_ERRORS ? [...all.slice(0, MOST_ERRORS - 1), ofRest(all.length - MOST_ERRORS + 1)] : all;
  return shown.map((annotation) => `${command(annotation)}\n`).join('');
}

const severityOf = ({ outcomes: [worst] }: Cause): number => (worst === undefined ? 0 : OUTCOMES[worst].severity);

function ofCause({ store, says, site, outcomes, cells, mend }: Cause, replay: string | undefined): Annotation {
  return {
    ...(site && { file: site.file, line: site.line, col: site.column }),
    title: `${store}: ${outcomes.join(', ')}`,
    lines: [
      says,
      `in ${counted(cells.length, 'cell')}`,
      ...(mend === undefined ? [] : [`${mend.verified ? 'mended by' : 'to mend it'}: ${mend.text}`]),
      ...(replay === undefined ? [] : [replay]),
    ],
  };
}

function ofUnproven({ cells }: Result): Annotation[] {
  return unprovenAlike(cells).map((alike) => {
    const [cell] = alike;
    const title = `${cell.store}: ${cell.status === 'missed-bug' ? 'known bug missed' : 'not shown'}`;
    return { title, lines: [unprovenReason(cell), `in ${cellNames(alike)}`] };
  });
}

function ofRest(count: number): Annotation {
  return { title: `${count} more`, lines: [`${count} more of these: the job summary has them`] };
}

/** As https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts writes and escapes it. */
function command({ lines, ...properties }: Annotation): string {
  const named = Object.entries(properties).map(([name, value]) => `${name}=${inProperty(printable(String(value)))}`);
  return `::error ${named.join(',')}::${inData(lines.map(printable).join('\n'))}`;
}

const inData = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const inProperty = (text: string): string => inData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
