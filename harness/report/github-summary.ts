/**
 * The markdown report for the job summary of GitHub Actions, no longer than GitHub takes.
 *
 * A summary that is too long is not shown at all. So whole parts are left out, the details of stores first, and then those that fail no
 * claim before those that do; and what was left out is named.
 */
import { failsRun } from '../domain/grade.ts';
import type { Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { markdownParts, type Part } from './markdown.ts';
import { fenced } from './markdown-text.ts';

/** GitHub takes 1 MiB of a step (https://docs.github.com/actions/reference/limits). What is beside this text has to fit as well. */
const MOST_BYTES = 900 * 1024;
/** Parts of a kind that are named where they are left out; of more, the number is. */
const MOST_NAMED = 20;

/** `taken`: bytes that the summary has already. Empty if nothing fits beside them. */
export function githubSummary(result: Result, taken = 0): string {
  const [head, ...rest] = markdownParts(result);
  if (head === undefined) return '';
  const parts = [head, ...rest];
  const failing = new Set(result.cells.filter(failsRun).map(({ store }) => store));
  const inOrder = parts.slice(1).sort((one, other) => worth(one, failing) - worth(other, failing)); // stable: of equal ones the last goes first
  const leftOut = new Set<Part>();
  const bytes = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text) + SEPARATOR.length, 0);
  const fits = (size: number): boolean => taken + BREAK.length + size < MOST_BYTES;
  let size = bytes(parts.map(({ text }) => text));
  while (!fits(size + bytes(leftOutWords(leftOut)))) {
    const least = inOrder.pop();
    if (least === undefined) return '';
    leftOut.add(least);
    size -= bytes([least.text]);
  }
  const [first = '', ...texts] = parts.filter((part) => !leftOut.has(part)).map(({ text }) => text);
  const written = [first, ...leftOutWords(leftOut), ...texts].map((text) => `${text}${SEPARATOR}`);
  return [...(taken === 0 ? [] : [BREAK]), ...written].join('');
}

const SEPARATOR = '\n\n';
/** What is there already may not end its line. */
const BREAK = '\n';

/** 0 is left out last. */
function worth({ kind, name }: Part, failing: ReadonlySet<string>): number {
  switch (kind) {
    case 'run':
    case 'cause':
      return 0;
    case 'matrix':
      return 1;
    case 'notes':
      return 2;
    case 'reading':
      return 3;
    case 'store':
      return failing.has(name) ? 4 : 5;
    default:
      return kind satisfies never;
  }
}

const KINDS: { readonly [kind in Part['kind']]: string } = {
  run: 'the head',
  cause: 'causes',
  matrix: 'matrices',
  notes: 'notes',
  reading: 'how to read it',
  store: 'details of stores',
};

/** One paragraph; none where everything is there. */
function leftOutWords(leftOut: ReadonlySet<Part>): string[] {
  if (leftOut.size === 0) return [];
  const words = (Object.keys(KINDS) as Part['kind'][]).flatMap((kind) => {
    const names = [...leftOut].filter((part) => part.kind === kind).map(({ name }) => name);
    if (names.length === 0) return [];
    const more = names.length > MOST_NAMED ? [`and ${counted(names.length - MOST_NAMED, 'more', 'more')}`] : [];
    const named = names.every((name) => name === '') ? [] : names.slice(0, MOST_NAMED);
    return [`${KINDS[kind]}${named.length === 0 ? '' : `: ${[...named, ...more].join(', ')}`}`];
  });
  return [fenced([`Left out, because GitHub shows no longer summary:`, ...words.map((text) => `  ${printable(text)}`)])];
}
