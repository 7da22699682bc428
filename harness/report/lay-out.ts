/**
 * Plain text into columns: padding and wrapping. Widths are in characters; text is coloured after it is laid out.
 */

/** Breaks at spaces into lines of at most `width`; a word that is longer stays whole, so that paths and commands can be copied. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** The words that fit into `width`, with a mark where some did not; at least one of them. */
export function cutWords(text: string, width: number): string {
  if (text.length <= width) return text;
  const [first = ''] = wrapWords(text, width - 2);
  return `${first} …`;
}

/** What stands between segments of one line. */
export const GAP = '   ';

export function fitSideBySide(segments: readonly string[], width: number): boolean {
  return segments.join(GAP).length <= width;
}

/** Puts segments on one line if they fit, else each on a line of its own, wrapped. */
export function wrapSegments(segments: readonly string[], width: number): string[] {
  return fitSideBySide(segments, width) ? [segments.join(GAP)] : segments.flatMap((segment) => wrapWords(segment, width));
}

/** What stands between items of one line. */
export const BETWEEN = ' · ';

/** Joins items with a dot between them, breaking the line only between items. */
export function joinWithin(items: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last === undefined || last.length + BETWEEN.length + item.length > width) lines.push(item);
    else lines[lines.length - 1] = `${last}${BETWEEN}${item}`;
  }
  return lines;
}

/** Cuts into pieces of `width` characters; the empty text is one empty piece. */
export function pieces(text: string, width: number): string[] {
  const cut: string[] = [];
  for (let start = 0; start === 0 || start < text.length; start += width) cut.push(text.slice(start, start + width));
  return cut;
}

export function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}
