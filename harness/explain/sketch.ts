/**
 * What a directory looks like whatever values were saved: which files are there, and whether each is whole. Pure.
 *
 * Values, sizes and names that a run makes up differ from one machine to another. So files are compared by the parts of their names that stay, by the form
 * of their contents, and by which of them hold the same.
 */
import { canonicalPath } from '../domain/names.ts';
import type { Form, LoadForm, Sketch, SketchDifference } from '../domain/sketch.ts';
import type { Entry, NameRule, Tree } from '../domain/trace.ts';

/** A live file counts more than one of many with a made-up name, such as a backup. */
const OF_ONE_NAME = 2;
const OF_MANY_NAMES = 1;
const OF_EQUALITY = 1;

/** `isKnown`: names that a run of the store makes. Others are left out. */
export function sketchOf(tree: Tree, names: readonly NameRule[], isKnown: (name: string) => boolean = () => true): Sketch {
  const forms = new Map<string, Set<Form>>();
  const named = [...tree].map(([path, entry]) => [canonicalPath(path, names), entry] as const).filter(([name]) => isKnown(name));
  for (const [name, entry] of named) forms.set(name, (forms.get(name) ?? new Set()).add(formOf(entry)));
  const same = new Set<string>();
  const byHash = new Map<string, string[]>();
  for (const [name, entry] of named) {
    if (entry.kind !== 'file' || entry.bytes.length === 0) continue;
    byHash.set(entry.hash, [...(byHash.get(entry.hash) ?? []), name]);
  }
  for (const alike of byHash.values())
    for (const [index, one] of alike.sort().entries())
      for (const other of alike.slice(index + 1)) if (one !== other) same.add(`${one} = ${other}`);
  return { forms, same };
}

/** @internal */
export function formOf(entry: Entry): Form {
  switch (entry.kind) {
    case 'directory':
      return 'a directory';
    case 'symlink':
      return 'a symlink';
    case 'other':
      return 'neither file nor directory';
    case 'file':
      return contentForm(entry.bytes);
    default:
      return entry satisfies never;
  }
}

function contentForm(bytes: Uint8Array): Form {
  if (bytes.length === 0) return 'empty';
  if (bytes.every((byte) => byte === 0)) return 'zeros';
  const text = Buffer.from(bytes).toString();
  if (!/^\s*[{["]/.test(text) && parsed(text) === undefined) return 'contents';
  if (bytes.at(-1) === 0) return 'zeros at the end';
  const one = parsed(text);
  if (one !== undefined) return isNothing(one.value) ? 'holds nothing' : 'whole';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.length > 1 && lines.every((line) => parsed(line) !== undefined) ? 'whole' : 'cut off';
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const isNothing = (value: unknown): boolean => value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** In what a directory differs from a crash state. */
export function differencesOfSketches(found: Sketch, state: Sketch): SketchDifference[] {
  const differences: SketchDifference[] = [];
  for (const name of [...new Set([...found.forms.keys(), ...state.forms.keys()])].sort()) {
    const [here, there] = [wordsOf(found.forms.get(name)), wordsOf(state.forms.get(name))];
    if (here !== there)
      differences.push({ text: `${name}: ${here}, not ${there}`, weight: name.includes('<') ? OF_MANY_NAMES : OF_ONE_NAME });
  }
  const both = (pair: string): boolean => pair.split(' = ').every((name) => found.forms.has(name) && state.forms.has(name));
  for (const pair of new Set([...found.same, ...state.same])) {
    if (found.same.has(pair) === state.same.has(pair) || !both(pair)) continue;
    const [one, other] = pair.split(' = ');
    differences.push({ text: `${one} and ${other} ${found.same.has(pair) ? 'hold the same' : 'differ'}`, weight: OF_EQUALITY });
  }
  return differences;
}

/** `missing`, `whole`, `cut off and whole`. */
export const wordsOf = (forms: ReadonlySet<Form> | undefined): string =>
  forms === undefined ? 'missing' : [...forms].sort().join(' and ');

/** Load tells damaged contents from whole ones better than their form does. */
const OF_LOAD = 3;

export function loadDifference(found: LoadForm, state: LoadForm): SketchDifference[] {
  return found === state ? [] : [{ text: `load() gives ${found}, not ${state}`, weight: OF_LOAD }];
}
