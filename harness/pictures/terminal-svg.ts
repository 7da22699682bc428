/**
 * A terminal as an SVG that moves: a command is typed, its output appears, and the window goes down over it, section by section.
 *
 * CSS moves it, so it moves where a page shows it as an image too. There is no script, and nothing is fetched. Who asks for less motion sees the
 * first page. Lines are as wide as their characters ask for, whatever font there is.
 */
import { characters, element } from '../report/xml.ts';
import { type Color, linesOfSpans, type Span } from './ansi.ts';

export interface Scene {
  readonly title: string;
  /** What is read out in place of the picture. */
  readonly description: string;
  /** Width in characters; no line is longer. */
  readonly columns: number;
  /** Lines of the window. */
  readonly rows: number;
  /** What stands there before, with escape codes. */
  readonly before: string;
  readonly command: string;
  /** With escape codes. */
  readonly output: string;
}

/** In units of the picture. */
const CELL = { width: 8, height: 18, font: 13.2, baseline: 13 };
const MARGIN = 16;
const BAR = 34;
const PROMPT = '$ ';

/** Seconds. */
const UNTIL_TYPING = 1;
const TYPING = 2.2;
const RUNNING = 1.4;
const READING = 8;
const SCROLLING = 0.9;

const PAPER = '#0d1117';
const INK = '#c9d1d9';
const DOTS = ['#ff5f57', '#febc2e', '#28c840'];
const INKS: { readonly [color in Color]: string } = {
  red: '#ff7b72',
  green: '#56d364',
  yellow: '#e3b341',
  blue: '#79c0ff',
  magenta: '#d2a8ff',
  cyan: '#56d4dd',
  'bright-blue': '#a5d6ff',
};

/** Throws an error where a line is longer than the window is wide. */
export function terminalSvg({ title, description, columns, rows, ...scene }: Scene): string {
  const before = linesOfSpans(scene.before);
  const output = [...linesOfSpans(scene.output), [plain(PROMPT)]];
  const lines = [...before, [plain(PROMPT + scene.command)], ...output];
  const texts = lines.map(textOf);
  const long = texts.find((text) => text.length > columns);
  if (long !== undefined) throw new Error(`a line is longer than ${columns} characters: ${long}`);
  const [width, height] = [columns * CELL.width + 2 * MARGIN, rows * CELL.height + BAR + MARGIN];
  const commandTop = before.length * CELL.height;
  const commandLeft = PROMPT.length * CELL.width;
  const box = (x: number, y: number, w: number, h: number, fill: string): string => element('rect', { x, y, width: w, height: h, fill });
  const children = [
    element('title', { id: 'title' }, [characters(title)]),
    element('desc', { id: 'description' }, [characters(description)]),
    element('style', {}, [`\n${styleOf(stopsOf(texts, rows), scene.command.length).join('\n')}\n`]),
    element('rect', { width, height, rx: 8, fill: PAPER }),
    ...DOTS.map((fill, index) => element('circle', { cx: 20 + 18 * index, cy: 17, r: 5.5, fill })),
    element('text', { x: width / 2, y: 21, 'text-anchor': 'middle', class: 'd' }, [characters(title)]),
    element('clipPath', { id: 'window' }, [box(0, 0, columns * CELL.width, rows * CELL.height, INK)]),
    element('g', { transform: `translate(${MARGIN} ${BAR})`, 'clip-path': 'url(#window)' }, [
      element('g', { class: 'scroll' }, [
        ...lines.slice(0, before.length + 1).flatMap(lineText),
        // What was not typed yet is covered, and the cursor moves with the cover.
        element('g', { class: 'cover' }, [
          element('g', { class: 'typed' }, [
            box(commandLeft, commandTop, scene.command.length * CELL.width, CELL.height, PAPER),
            box(commandLeft, commandTop + 2, CELL.width, CELL.height - 3, INK),
          ]),
        ]),
        element(
          'g',
          { class: 'out' },
          output.flatMap((line, index) => lineText(line, before.length + 1 + index)),
        ),
      ]),
    ]),
  ];
  const viewBox = `0 0 ${width} ${height}`;
  const root = { xmlns: 'http://www.w3.org/2000/svg', viewBox, width, height, role: 'img', 'aria-labelledby': 'title description' };
  return `${element(
    'svg',
    root,
    children.map((child) => `\n${child}`),
  )}\n`;
}

function styleOf(stops: readonly number[], typed: number): string[] {
  const shown = UNTIL_TYPING + TYPING + RUNNING;
  const whole = shown + stops.length * (READING + SCROLLING);
  const at = (seconds: number): string => `${Number(((100 * seconds) / whole).toFixed(2))}%`;
  const right = (count: number): string => `transform:translateX(${count * CELL.width}px)`;
  const up = (count: number): string => `transform:translateY(${-count * CELL.height}px)`;
  const scrolls = stops.map((stop, index) => {
    const from = shown + index * (READING + SCROLLING);
    return `${at(index === 0 ? 0 : from)},${at(from + READING)}{${up(stop)}}`;
  });
  return [
    `text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:${INK};white-space:pre}`,
    ...Object.entries(INKS).map(([color, ink]) => `.${color}{fill:${ink}}`),
    '.b{font-weight:700}',
    '.d{opacity:.65}',
    `.scroll,.typed,.cover,.out{animation:scroll ${whole.toFixed(1)}s infinite}`,
    `.typed{animation-name:typed;animation-timing-function:steps(${typed},end)}`,
    '.out{animation-name:out;animation-timing-function:step-end}',
    '.cover{animation-name:cover;animation-timing-function:step-end}',
    `@keyframes scroll{${scrolls.join('')}to{${up(0)}}}`,
    `@keyframes typed{0%,${at(UNTIL_TYPING)}{${right(0)}}${at(UNTIL_TYPING + TYPING)},to{${right(typed)}}}`,
    `@keyframes out{0%{opacity:0}${at(shown)},to{opacity:1}}`,
    `@keyframes cover{0%{opacity:1}${at(shown)},to{opacity:0}}`,
    `@media (prefers-reduced-motion:reduce){.scroll,.typed,.cover,.out{animation:none}.cover{opacity:0}}`,
  ];
}

/** The first line of the window, page by page: a section that a page cuts off begins the next one. */
function stopsOf(texts: readonly string[], rows: number): number[] {
  const stops = [0];
  for (let stop = 0; stop + rows < texts.length; stops.push(stop)) {
    const begun = texts.findLastIndex((_, index) => index > stop && index < stop + rows && texts[index - 1] === '');
    stop = Math.min(texts.length - rows, begun < 0 ? stop + rows : begun);
  }
  return stops;
}

const plain = (text: string): Span => ({ text, bold: false, dim: false });

const textOf = (line: readonly Span[]): string => line.map(({ text }) => text).join('');

/** Nothing for an empty line. */
function lineText(line: readonly Span[], row: number): string[] {
  const textLength = textOf(line).length * CELL.width;
  if (textLength === 0) return [];
  const spans = line.map(({ text, bold, dim, color }) => {
    const classes = [...(bold ? ['b'] : []), ...(dim ? ['d'] : []), ...(color === undefined ? [] : [color])];
    return classes.length === 0 ? characters(text) : element('tspan', { class: classes.join(' ') }, [characters(text)]);
  });
  const attributes = { y: row * CELL.height + CELL.baseline, textLength, lengthAdjust: 'spacingAndGlyphs', 'xml:space': 'preserve' };
  return [`\n${element('text', attributes, spans)}`];
}
