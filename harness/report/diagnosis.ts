/** A diagnosis as text: what the directory looks like, and the cases that leave one like it. No contents are shown. */
import type { Diagnosis, Suspect } from '../domain/diagnosis.ts';
import { OUTCOMES } from '../domain/outcomes.ts';
import { counted, printable, withCommas } from '../domain/words.ts';
import { wordsOf } from '../explain/sketch.ts';
import { toColors } from './colors.ts';
import { asRow, layOutRows, type Row } from './failure.ts';
import type { Look } from './look.ts';
import { momentRows } from './moment.ts';
import { paintOutcome } from './outcomes.ts';

/** Suspects that are shown. */
const MOST = 5;
const MOST_NAMES = 20;
const NOT_OF_STORE = 'no file in it is one that the store makes: is this the directory that the store was given?';

/** `replay`: the command that replays a case. */
export function diagnosisText(diagnosis: Diagnosis, replay: (id: string) => string, { colors: wanted, columns }: Look): string {
  const colors = toColors(wanted);
  const { sketch, load, leftOut, compared, differences, suspects, doubts } = diagnosis;
  const row = (label: string, text: string): Row => ({ label, items: [[{ text }]] });
  const files = [...sketch.forms].slice(0, MOST_NAMES).map(([name, forms]) => row(printable(name), wordsOf(forms)));
  const blocks: string[][] = [
    [
      colors.bold('the directory'),
      ...layOutRows([...files, row('load()', `gives ${load}`)], colors, columns),
      ...(leftOut.length === 0
        ? []
        : [`  left out, because no run of the store makes it: ${leftOut.slice(0, MOST_NAMES).map(printable).join(', ')}`]),
    ],
    ...(sketch.forms.size === 0 && leftOut.length > 0 ? [[NOT_OF_STORE]] : []),
    [colors.bold(headline(suspects, differences.length === 0, compared))],
    ...(differences.length === 0 || suspects.length === 0
      ? []
      : [differences.slice(0, MOST_NAMES).map(({ text }) => `  ${printable(text)}`)]),
    ...suspects.slice(0, MOST).map((suspect, index) => {
      const where = `in ${suspect.scenarios.join(', ')}, under ${suspect.models.join(', ')}`;
      const found = { text: suspect.outcome, paint: (text: string) => paintOutcome(suspect.outcome, text, colors) };
      const rows: Row[] = [
        ...momentRows(suspect, suspect.model).map(asRow),
        ...(suspect.lost.length === 0 ? [] : [row('lost', suspect.lost.slice(0, 3).join('; ') + (suspect.lost.length > 3 ? '; …' : ''))]),
        { label: 'outcome', items: [[found, { text: OUTCOMES[suspect.outcome].meaning }]] },
        row('cases', `${counted(suspect.cases, 'case')} ${where}`),
        { label: 'replay', items: [[{ text: replay(suspect.id), paint: colors.cyan }]], whole: true },
      ];
      return [colors.bold(`${index + 1}`), ...layOutRows(rows, colors, columns)];
    }),
    ...(suspects.length > MOST ? [[`and ${counted(suspects.length - MOST, 'more moment')}`]] : []),
    ...(doubts.length === 0 ? [] : [doubts.map((doubt) => `not compared: ${doubt}`)]),
  ];
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

function headline(suspects: readonly Suspect[], isExact: boolean, compared: number): string {
  if (suspects.length === 0) return 'no case was compared';
  const cases = suspects.reduce((sum, one) => sum + one.cases, 0);
  if (isExact) return `${withCommas(cases)} of ${counted(compared, 'case')} ${cases === 1 ? 'leaves' : 'leave'} a directory like this one`;
  return `none of ${counted(compared, 'case')} leaves a directory like this one; the nearest ${cases === 1 ? 'differs' : `${counted(cases, 'case')} differ`} in:`;
}
