/**
 * Finds the source line that caused an op, from its stack.
 *
 * It is the first frame outside node, mapped through the bundle's source map. A frame of the bundle that the map does not
 * know (the bundler's own code) is skipped. Positions count from 1.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type SourceMap as NodeSourceMap, SourceMap } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { below } from '../../domain/below.ts';
import type { LoadedStore } from '../../domain/loaded-store.ts';
import type { Site } from '../../domain/trace.ts';
import { FRAME, isUserFrame } from './stack.ts';

/** @internal */
export interface Bundle {
  /** The file that the child ran. */
  readonly path: string;
  readonly map?: NodeSourceMap;
}

/**
 * The first frame of the user's code, or undefined if the stack has none.
 * @internal
 */
export function siteOf(stack: string, bundle: Bundle): Site | undefined {
  for (const frame of stack.split('\n')) {
    if (!isUserFrame(frame)) continue;
    const groups = FRAME.exec(frame)?.groups;
    if (groups === undefined) continue;
    const { file = '', line = '', column = '', name = '' } = groups;
    const site = { file: asPath(file), line: Number(line), column: Number(column) };
    const mapped = bundle.map !== undefined && site.file === bundle.path ? throughMap(site, bundle.path, bundle.map) : site;
    const within = functionName(name);
    if (mapped !== undefined) return { ...mapped, ...(within !== '' && { in: within }) };
  }
  return undefined;
}

/** The name as it stands in the source: without how it was called, and without the number that a bundler gives to one of two alike. */
const functionName = (name: string): string =>
  name
    .replace(/^(?:async |new )*/, '')
    .replace(/ \[as .*\]$/, '')
    .replace(/^.*\./, '')
    .replace(/\d+$/, '')
    .replace(/^<anonymous>$/, '');

type SitedStore = Pick<LoadedStore, 'bundle' | 'replaced'>;

/** `siteOf` for the stacks of one store, with the text of the lines. Files below `cwd` are named relative to it. */
export function sitesOf({ bundle: bundlePath, replaced }: SitedStore, cwd: string): (stack: string) => Site | undefined {
  const bundle = readBundle(bundlePath);
  const sources = new Map<string, readonly string[]>();
  const textAt = ({ file, line }: Site): string | undefined => {
    const lines = sources.get(file) ?? replaced?.get(file)?.split('\n') ?? linesOf(file);
    sources.set(file, lines);
    return lines[line - 1]?.trim().slice(0, LONGEST_SOURCE);
  };
  return (stack) => {
    const found = siteOf(stack, bundle);
    if (found === undefined) return undefined;
    const source = textAt(found);
    const site = { ...found, ...(source !== undefined && { source }) };
    const seen = below(cwd, site.file);
    return seen === undefined ? site : { ...site, file: seen.replaceAll('\\', '/') };
  };
}

/** Of a minified file, a line may be all of it. */
const LONGEST_SOURCE = 200;

/** None if the file is not here: a source map may name one that was never shipped. */
function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * A bundle with its source map, which is inline or a file beside it.
 * @internal
 */
export function readBundle(path: string): Bundle {
  const named = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(path, 'utf8'))?.[1];
  if (named === undefined) return { path };
  const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(named)?.[1];
  if (inline !== undefined) return { path, map: new SourceMap(JSON.parse(Buffer.from(inline, 'base64').toString())) };
  const file = resolve(dirname(path), named);
  return existsSync(file) ? { path, map: new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) } : { path };
}

/** Frames count lines and columns from 1, source maps from 0. Sources are relative to the map, which lies beside the bundle. */
function throughMap(site: Site, bundle: string, map: NodeSourceMap): Site | undefined {
  const entry = map.findEntry(site.line - 1, site.column - 1);
  if (!('originalSource' in entry) || entry.originalSource === undefined) return undefined;
  const source = asPath(entry.originalSource);
  const file = isAbsolute(source) ? source : resolve(dirname(bundle), map.payload.sourceRoot ?? '', source);
  return { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function asPath(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}
