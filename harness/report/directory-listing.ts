import { counted, printable } from '../domain/words.ts';
import { longest } from './lay-out.ts';

interface ListedFile {
  readonly path: string;
  /** Absent for what is no file. */
  readonly bytes?: number;
  /** The beginning of its content. */
  readonly preview?: string;
}

const LONGEST_PREVIEW = 60;

/** What is on disk, one entry a line: name, size, beginning. */
export function directoryListing(entries: readonly ListedFile[]): string {
  if (entries.length === 0) return '(nothing)';
  const sizes = entries.map(({ bytes }) => (bytes === undefined ? '' : counted(bytes, 'byte')));
  const names = entries.map(({ path }) => printable(path));
  const [nameWidth, sizeWidth] = [longest(names), longest(sizes)];
  return entries
    .map(({ preview }, index) =>
      `${names[index]?.padEnd(nameWidth)}  ${sizes[index]?.padStart(sizeWidth)}  ${shortened(preview ?? '')}`.trimEnd(),
    )
    .join('\n');
}

function shortened(preview: string): string {
  const line = printable(preview.replace(/\s+/g, ' '));
  return line.length > LONGEST_PREVIEW ? `${line.slice(0, LONGEST_PREVIEW)}…` : line;
}
