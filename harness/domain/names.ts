/**
 * Matches the files of two runs although their names differ: temp files with random names, backups named by the time.
 *
 * Times, UUIDs and hashes in names are recognised by their form. Other names that vary per run are learnt by comparing two runs op by
 * op. A differing part is widened to whole words, so that two random numbers that happen to begin alike do not teach a false prefix.
 */
import type { Charset, NameRule } from './trace.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** A fraction is milliseconds at the end of a word, or whatever stands before the `Z`: other digits belong to the next part of the name. */
const ISO_TIME = /\d{4}-\d{2}-\d{2}[T_ ]\d{2}[:.-]\d{2}[:.-]\d{2}(?:[.-]\d{3}(?![0-9A-Za-z])|[.-]\d{1,6}(?=Z))?Z?/g;
/** Milliseconds since the epoch, from 2001 to 2033. */
const EPOCH_MS = /(?<!\d)1\d{12}(?!\d)/g;
/** SHA-1 to SHA-512. A hash of varying contents varies too. */
const HASH = /(?<![0-9a-f])(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})(?![0-9a-f])/gi;

const CHARSETS = { digits: '[0-9]+', hex: '[0-9a-fA-F]+', word: '[\\w-]+' } as const;
const RANDOM = '<random>';

/**
 * Replaces the parts of a file name (one path component) that vary from run to run by `<time>`, `<uuid>`, `<hash>` or `<random>`.
 */
export function canonicalName(name: string, rules: readonly NameRule[]): string {
  const known = formOf(name);
  for (const rule of rules) {
    if (known.length <= rule.prefix.length + rule.suffix.length) continue;
    if (!known.startsWith(rule.prefix) || !known.endsWith(rule.suffix)) continue;
    const middle = known.slice(rule.prefix.length, known.length - rule.suffix.length);
    if (isMadeOf(middle, rule) && !rule.except.includes(known)) return `${rule.prefix}${RANDOM}${fixedTexts(rule)}${rule.suffix}`;
  }
  return known;
}

/** The same names come in every tree of a run. */
const forms = new Map<string, string>();
const FORMS_KEPT = 10_000;
/** Longer texts are no file names, and not asked for again. */
const LONGEST_NAME = 255;

/** Without the parts that are recognised by their form. */
function formOf(name: string): string {
  const kept = forms.get(name);
  if (kept !== undefined) return kept;
  // Longest first: the digits of a hash may look like a time, and the first ones of a UUID like the fraction of the time before it.
  const form = name.replace(HASH, '<hash>').replace(UUID, '<uuid>').replace(ISO_TIME, '<time>').replace(EPOCH_MS, '<time>');
  if (name.length > LONGEST_NAME) return form;
  if (forms.size >= FORMS_KEPT) forms.clear();
  forms.set(name, form);
  return form;
}

/** `canonicalName` of every component of a path relative to the store's directory. */
export function canonicalPath(path: string, rules: readonly NameRule[]): string {
  return path.includes('/')
    ? path
        .split('/')
        .map((name) => canonicalName(name, rules))
        .join('/')
    : canonicalName(path, rules);
}

/** Learns the varying parts of a name from its forms in two runs; undefined if they do not differ, or not in a known character set. */
export function learnName(firstName: string, secondName: string): NameRule | undefined {
  const first = canonicalName(firstName, []);
  const second = canonicalName(secondName, []);
  if (first === second) return undefined;
  let start = 0;
  while (start < first.length && start < second.length && first[start] === second[start]) start += 1;
  let end = 0;
  while (end < first.length - start && end < second.length - start && first.at(-1 - end) === second.at(-1 - end)) end += 1;
  while (start > 0 && isWord(first[start - 1])) start -= 1;
  while (end > 0 && isWord(first[first.length - end])) end -= 1;
  const middles = [first.slice(start, first.length - end), second.slice(start, second.length - end)] as const;
  const around = { prefix: first.slice(0, start), suffix: first.slice(first.length - end), except: [] };
  const charset = charsetOf(...middles);
  if (charset !== undefined) return { ...around, charset };
  const parts = varyingParts(...middles);
  return parts && { ...around, ...parts };
}

/** The smallest character set that both are made of. */
function charsetOf(first: string, second: string): Charset | undefined {
  const charsets = ['digits', 'hex', 'word'] as const;
  return charsets.find((charset) => [first, second].every((middle) => isMadeOf(middle, { charset })));
}

/** Two texts word by word, if what separates the words is the same. The first word of the two differs, and so does the last. */
function varyingParts(first: string, second: string): Pick<NameRule, 'charset' | 'further'> | undefined {
  const pieces = /[\w-]+|[^\w-]+/g;
  const [ones, others] = [first.match(pieces) ?? [], second.match(pieces) ?? []];
  if (ones.length !== others.length) return undefined;
  const parts: { readonly after: string; readonly charset: Charset }[] = [];
  let after = '';
  for (const [index, piece] of ones.entries()) {
    const other = others[index] ?? '';
    if (piece === other) {
      after += piece;
      continue;
    }
    const charset = charsetOf(piece, other);
    if (charset === undefined) return undefined;
    parts.push({ after, charset });
    after = '';
  }
  const [part, ...further] = parts;
  return part && { charset: part.charset, further };
}

/** A random word may have digits that look like a time: what is written as a time within a word is that word's digits. */
function isMadeOf(middle: string, rule: Varying): boolean {
  const pattern = patterns.get(rule) ?? patternOf(rule);
  patterns.set(rule, pattern);
  return pattern.test(middle.replace(/(?<=\w)<time>|<time>(?=\w)/g, '0'));
}

type Varying = Pick<NameRule, 'charset' | 'further'>;

/** A rule is asked for each name of each op. */
const patterns = new WeakMap<Varying, RegExp>();

function patternOf({ charset, further = [] }: Varying): RegExp {
  const rest = further.map((part) => `${escaped(part.after)}${CHARSETS[part.charset]}`);
  return new RegExp(`^${CHARSETS[charset]}${rest.join('')}$`);
}

const fixedTexts = ({ further = [] }: NameRule): string => further.map(({ after }) => `${after}${RANDOM}`).join('');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** True if the two paths have the same separators, whatever their words: the comparison before any rule is learnt. */
export function alikeNames(first: string, second: string): boolean {
  const separators = (path: string): string => path.replace(/[\w-]+/g, 'x');
  return separators(first) === separators(second);
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9]/.test(character);
}
