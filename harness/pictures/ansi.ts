/**
 * Text with the escape codes of a terminal as lines of spans. Codes for weight and for the colours that reports have are known; any other is
 * an error, because the picture would not be what a terminal shows.
 */

/** As many characters of a line as look alike. */
export interface Span {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly color?: Color;
}

const COLORS = { 31: 'red', 32: 'green', 33: 'yellow', 34: 'blue', 35: 'magenta', 36: 'cyan', 94: 'bright-blue' } as const;

export type Color = (typeof COLORS)[keyof typeof COLORS];

type Style = Omit<Span, 'text'>;

const PLAIN: Style = { bold: false, dim: false };

/** Throws an error that names a code which it does not know. */
export function linesOfSpans(text: string): Span[][] {
  let style = PLAIN;
  return text.split('\n').map((line) => {
    const spans: Span[] = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with one.
    for (const [, code, plain = ''] of line.matchAll(/\u001b(\[[\d;]*[a-zA-Z])|([^\u001b]+)/g)) {
      if (code !== undefined) style = styled(style, code);
      else spans.push({ ...style, text: plain });
    }
    return spans;
  });
}

function styled(style: Style, code: string): Style {
  const { color: _, ...uncoloured } = style;
  const number = /^\[(\d+)m$/.exec(code)?.[1];
  switch (number) {
    case '0':
      return PLAIN;
    case '1':
      return { ...style, bold: true };
    case '2':
      return { ...style, dim: true };
    case '22':
      return { ...style, bold: false, dim: false };
    case '39':
      return uncoloured;
    default: {
      const color = COLORS[Number(number) as keyof typeof COLORS];
      if (color === undefined) throw new Error(`a picture knows no escape code ${code}`);
      return { ...style, color };
    }
  }
}
