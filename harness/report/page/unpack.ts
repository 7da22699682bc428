/** From an element of the page to what is packed in it. */
import { printable } from '../../domain/words.ts';
import {
  chunkId,
  evidenceId,
  HEAD_ID,
  type PageCase,
  type PageCell,
  type PageEvidence,
  type PageHead,
  type PageSources,
  type Part,
  SOURCES_ID,
} from './data.ts';

/** Chunks that are kept unpacked; each is about a megabyte of text. */
const MOST_KEPT = 8;

const kept = new Map<number, Promise<readonly PageCase[]>>();

export async function unpackHead(): Promise<PageHead> {
  return (await unpack(HEAD_ID)) as PageHead;
}

/** The cases of these parts, in order; chunks are unpacked as the reader comes to them. */
export async function* casesOf(parts: readonly Part[]): AsyncGenerator<PageCase> {
  for (const { chunk, from, count } of parts) yield* (await unpackChunk(chunk)).slice(from, from + count);
}

export async function caseNamed(id: string, { bad, held }: PageCell): Promise<PageCase | undefined> {
  for await (const one of casesOf([...bad, ...held])) if (one.id === id) return one;
  return undefined;
}

let lastEvidence: { readonly number: number; readonly evidence: Promise<PageEvidence> } | undefined;

/** The cases of a cell are looked at one after the other: the last evidence is kept. */
export function unpackEvidence(number: number): Promise<PageEvidence> {
  if (lastEvidence?.number !== number)
    lastEvidence = { number, evidence: unpack(evidenceId(number), printableLines) as Promise<PageEvidence> };
  return lastEvidence.evidence;
}

let sources: Promise<PageSources> | undefined;

export function unpackSources(): Promise<PageSources> {
  sources ??= unpack(SOURCES_ID, printableLines) as Promise<PageSources>;
  return sources;
}

function unpackChunk(chunk: number): Promise<readonly PageCase[]> {
  const cases = kept.get(chunk) ?? (unpack(chunkId(chunk)) as Promise<readonly PageCase[]>);
  // The one that was used last stands last.
  kept.delete(chunk);
  kept.set(chunk, cases);
  for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
  return cases;
}

async function unpack(id: string, revived: Reviver = madePrintable): Promise<unknown> {
  // Cases stand below the script: a long page may still be on its way.
  if (id !== HEAD_ID) await pageIsRead();
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error(`this page is cut short: ${id} is not in it`);
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const json = await new Response(stream).text();
  // To look at each string takes ten times as long as to parse, and hardly any chunk has such a character.
  return JSON.parse(json, UNSEEN.test(json) ? revived : undefined);
}

async function pageIsRead(): Promise<void> {
  if (document.readyState !== 'loading') return;
  await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }));
}

/** What `madePrintable` may have to do with, as JSON has it. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]|\\[bfnrtu]/u;

type Reviver = (key: string, value: unknown) => unknown;

/**
 * Text of a store may hold characters that turn a line around, that cannot be seen, or that no address can hold. A command is there to be
 * copied, and stays as it is.
 */
function madePrintable(key: string, value: unknown): unknown {
  return typeof value === 'string' && key !== 'replay' ? printable(value).replace(/\p{Cs}/gu, '\u{fffd}') : value;
}

/** The same where lines stay lines: files, values and sources. */
function printableLines(_: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(/[^\n\t]+/g, (line) => printable(line));
}
