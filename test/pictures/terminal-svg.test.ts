import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { OUTCOME_NAMES } from '../../harness/domain/outcomes.ts';
import { linesOfSpans } from '../../harness/pictures/ansi.ts';
import { type Scene, terminalSvg } from '../../harness/pictures/terminal-svg.ts';
import { paintOutcome } from '../../harness/report/outcomes.ts';
import { terminalReport } from '../../harness/report/terminal.ts';
import { failing } from '../report/fixture.ts';

const colors = picocolors.createColors(true);

test('escape codes are spans; a style goes on over the end of a line', () => {
  expect(linesOfSpans(`a${colors.bold(colors.red('b'))}c\n${colors.dim('d\ne')}`)).toEqual([
    [
      { text: 'a', bold: false, dim: false },
      { text: 'b', bold: true, dim: false, color: 'red' },
      { text: 'c', bold: false, dim: false },
    ],
    [{ text: 'd', bold: false, dim: true }],
    [{ text: 'e', bold: false, dim: true }],
  ]);
});

test('a code that is not known is no picture', () => {
  expect(() => linesOfSpans('a\u001b[2Kb')).toThrow('a picture knows no escape code [2K');
  expect(() => linesOfSpans(colors.bgRed('b'))).toThrow('a picture knows no escape code [41');
});

test('every colour of an outcome is known', () => {
  for (const outcome of OUTCOME_NAMES)
    expect(linesOfSpans(paintOutcome(outcome, outcome, colors))).toEqual([
      [expect.objectContaining({ text: outcome, color: expect.any(String) })],
    ]);
});

const scene: Scene = {
  title: 'a <title>',
  description: 'what is "seen" & said',
  columns: 100,
  rows: 30,
  before: '$ cat a.ts\nconst a = 1 < 2;\n',
  command: 'npx crash-matrix run',
  output: terminalReport(failing, { columns: 100, colors }).trimEnd(),
};

interface Read {
  /** Of each `text`, in order. */
  readonly texts: readonly string[];
  readonly elements: ReadonlySet<string>;
  readonly style: string;
}

/** Throws where it is no XML. */
function read(svg: string): Read {
  const [texts, elements]: [string[], Set<string>] = [[], new Set()];
  let style = '';
  let inside: 'text' | 'style' | undefined;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => {
    elements.add(name);
    if (name === 'text' || name === 'style') inside = name;
    if (name === 'text') texts.push('');
  });
  parser.on('closetag', ({ name }) => {
    if (name === inside) inside = undefined;
  });
  parser.on('text', (text) => {
    if (inside === 'style') style += text;
    if (inside === 'text') texts[texts.length - 1] += text;
  });
  parser.write(svg).close();
  return { texts, elements, style };
}

test('the picture has each line as it was printed, and nothing that runs or is fetched', () => {
  const svg = terminalSvg(scene);
  const { texts, elements, style } = read(svg);
  const shown = [...scene.before.split('\n'), `$ ${scene.command}`, ...stripVTControlCharacters(scene.output).split('\n'), '$ '];
  expect(texts).toEqual([scene.title, ...shown.filter((line) => line !== '')]);
  expect([...elements].sort()).toEqual(['circle', 'clipPath', 'desc', 'g', 'rect', 'style', 'svg', 'text', 'title', 'tspan']);
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|url\((?!#)|@import|href/);
  expect(style).toContain('prefers-reduced-motion');
  expect(terminalSvg(scene)).toBe(svg);
});

/** The lines by which the window is moved up, one page after the other. */
function pagesOf(output: string, rows: number): number[] {
  const { style } = read(terminalSvg({ ...scene, before: '$ true', output, rows }));
  const [, scroll = ''] = /@keyframes scroll\{(.*)to\{/.exec(style) ?? [];
  return [...scroll.matchAll(/translateY\((-?\d+)px\)/g)].map(([, y]) => Number(y) / -18 + 0);
}

test('a page begins with the section that the one before cut off, and the last one ends with the output', () => {
  expect(pagesOf('a\n\nb\nb', 8)).toEqual([0]);
  expect(pagesOf('a\n\nb\nb\nb\n\nc\nc', 7)).toEqual([0, 4]);
  expect(pagesOf('a\n\nb\nb\nb\nb\n\nc\nc\nc\nc\nc', 7)).toEqual([0, 4, 8]);
  expect(pagesOf('a\na\na\na\na\na\na\na', 4)).toEqual([0, 4, 7]);
});

test('a line that does not fit is no picture', () => {
  expect(() => terminalSvg({ ...scene, output: 'a'.repeat(101) })).toThrow(/^a line is longer than 100 characters: aaa/);
});
