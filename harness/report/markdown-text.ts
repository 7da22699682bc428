/** Markdown made of text: tables, code and links, in which nothing of the text is taken for markup. */
import { printable } from '../domain/words.ts';
import { longest } from './lay-out.ts';

/** Code within a line, which its content cannot end. */
export function inlineCode(text: string): string {
  const fence = '`'.repeat(longest(text.match(/`+/g) ?? []) + 1);
  const gap = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${gap}${printable(text)}${gap}${fence}`;
}

/** Columns are padded: the source is readable too, and formatters leave it as it is. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = columns.map((title, index) => Math.max(3, longest([title, ...rows.map((row) => row[index] ?? '')])));
  const padded = (text: string, index: number): string =>
    right.includes(index) ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  const line = (texts: readonly string[]): string => `| ${texts.map(padded).join(' | ')} |`;
  const rule = widths.map((width, index) => (right.includes(index) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

/** A code block that its content cannot end. */
export function fenced(lines: readonly string[]): string {
  const longestRun = longest(lines.join('\n').match(/`+/g) ?? []);
  const fence = '`'.repeat(Math.max(3, longestRun + 1));
  return [`${fence}text`, ...lines, fence].join('\n');
}

/** Text that is no markup. */
export function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** What GitHub makes of a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
