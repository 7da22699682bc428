/** Texts of Markdown: tables, code blocks, and what must not be read as marks. */
import { longest } from './lay-out.ts';

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

export function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
