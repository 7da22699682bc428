/**
 * Reads what `strace -f -s 1000000 -o log …` writes: one call after the other, in the order in which they took effect.
 *
 *   2438  openat(AT_FDCWD, "data/t", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3
 *   2439  rename("data/t", "data/a" <unfinished ...>
 *   2439  <... rename resumed>) = 0
 *
 * A call that another process interrupts counts where it returns. One that makes a process counts where it begins: the child may act before
 * its parent returns.
 */

/** A call that returned. */
export interface LoggedCall {
  /** The line in which it counts, from 1. */
  readonly line: number;
  /** The thread. */
  readonly pid: number;
  readonly name: string;
  /** As they are written: `"data/t"`, `O_RDONLY`, `3</dev/null>`, `[{iov_base="a", iov_len=1}]`. */
  readonly args: readonly string[];
  /** What it returned; -1 where it failed. */
  readonly result: number;
  /** The name of its errno. */
  readonly error?: string;
}

/** A line cannot be used; the message says which and why. */
export class BadLog extends Error {
  override readonly name = 'BadLog';

  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
  }
}

/** The process id, which strace leaves out where there is one process, and a time. */
const START = /^(?:\[pid +(?<bracketed>\d+)\] +|(?<pid>\d+) +)?(?:\d[\d:.]* +)?(?<rest>[a-z<+-].*)$/;
const RESUMED = /^<\.\.\. (?<name>\w+) resumed>(?:, )?(?<rest>.*)$/;
const UNFINISHED = / *<unfinished \.\.\.>$/;
const RESULT = /^(?<result>-?\d+|\?|0x[0-9a-f]+)(?:<.*?>)?(?: (?<error>E[A-Z0-9]+)\b.*)?(?: .*)?$/;
/** Calls that make a process. */
const MAKES_PROCESS = /^(?:clone|clone3|fork|vfork)$/;

interface Begun {
  readonly text: string;
  /** Its place among the calls, where it counts at its begin. */
  readonly place: number | undefined;
}

/** Throws `BadLog`. */
export function callsIn(log: string): LoggedCall[] {
  const calls: (LoggedCall | undefined)[] = [];
  const begun = new Map<number, Begun>();
  for (const [index, text] of log.split('\n').entries()) {
    const line = index + 1;
    if (text.trim() === '') continue;
    const { bracketed, pid: plain, rest = '' } = START.exec(text)?.groups ?? {};
    if (rest === '') throw new BadLog(line, `this is no line of strace: ${shortened(text)}`);
    const pid = Number(bracketed ?? plain ?? 0);
    if (/^(?:\+\+\+|---|strace:)/.test(rest)) continue;
    const resumed = RESUMED.exec(rest)?.groups;
    const earlier = resumed && begun.get(pid);
    if (resumed !== undefined && earlier === undefined) continue; // it began before the log did
    begun.delete(pid);
    const whole = `${earlier?.text ?? ''}${resumed?.rest ?? rest}`;
    if (UNFINISHED.test(whole)) {
      const started = whole.replace(UNFINISHED, '');
      const place = MAKES_PROCESS.test(started.slice(0, started.indexOf('('))) ? calls.push(undefined) - 1 : undefined;
      begun.set(pid, { text: started, place });
      continue;
    }
    const call = callOf(whole, line, pid);
    if (call === undefined) continue;
    if (earlier?.place === undefined) calls.push(call);
    else calls[earlier.place] = call;
  }
  return calls.filter((call) => call !== undefined);
}

/** Undefined for one that did not return: its process ended in it. */
function callOf(text: string, line: number, pid: number): LoggedCall | undefined {
  const open = text.indexOf('(');
  if (!/^\w+$/.test(text.slice(0, open))) throw new BadLog(line, `this is no line of strace: ${shortened(text)}`);
  const { args, end } = argumentsFrom(text, open + 1, line);
  const { result, error } = RESULT.exec(text.slice(end).replace(/^\)? *= */, ''))?.groups ?? {};
  if (result === undefined) throw new BadLog(line, `it is cut off: ${shortened(text)}`);
  if (result === '?') return undefined;
  return { line, pid, name: text.slice(0, open), args, result: Number(result), ...(error !== undefined && { error }) };
}

const PAIRS: { readonly [open: string]: string } = { '(': ')', '[': ']', '{': '}' };

/** Arguments between commas that are in no string, list or structure. `end`: where the closing parenthesis is. */
function argumentsFrom(text: string, from: number, line: number): { readonly args: string[]; readonly end: number } {
  const args: string[] = [];
  const closing: string[] = [];
  let start = from;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '"') at = endOfString(text, at, line);
    else if (character === '<') at = endOfPath(text, at);
    else if (character === '/' && text.startsWith('/*', at)) at = Math.max(at, text.indexOf('*/', at) + 1);
    else if (PAIRS[character] !== undefined) closing.push(PAIRS[character]);
    else if (character === closing.at(-1)) closing.pop();
    else if (closing.length === 0 && (character === ',' || character === ')')) {
      const one = text.slice(start, at).trim();
      if (one !== '' || character === ',') args.push(one);
      start = at + 1;
      if (character === ')') return { args, end: at };
    }
  }
  throw new BadLog(line, `it is cut off: ${shortened(text)}`);
}

function endOfString(text: string, at: number, line: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '\\') end += 1;
    else if (text[end] === '"') return end;
  }
  throw new BadLog(line, `a string in it has no end: ${shortened(text)}`);
}

/** What a descriptor leads to, with -y: `3</tmp/a b>`. Anything else that begins so is one character. */
function endOfPath(text: string, at: number): number {
  return /[0-9D]/.test(text[at - 1] ?? '') ? Math.max(at, text.indexOf('>', at)) : at;
}

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** The bytes of a string as strace writes it. Throws `BadLog` where it was cut off. */
export function bytesOf(text: string, line: number): Buffer {
  if (text.endsWith('...'))
    throw new BadLog(line, 'strace has left out a part of what was written: record with "-s 1000000", or more than the longest write');
  const inner = text.replace(/^"|"$/g, '');
  const characters = inner.replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/g, (_, hex?: string, octal?: string, letter = '') => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    return ESCAPES[letter] ?? letter;
  });
  return Buffer.from(characters, 'latin1');
}

const MOST_SHOWN = 80;
const shortened = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
