/** Checks trees that a real file system left against its profile. */

import type { Trace, Tree } from '../domain/trace.ts';
import { treeKey } from '../domain/tree.ts';
import { hashOfTree } from '../persistence/disk.ts';
import { hashText } from '../persistence/hash.ts';
import { statesAt } from '../persistence/power-loss.ts';
import type { Profile } from '../persistence/profile.ts';
import { allows } from './allows.ts';
import { type KnownKind, knownKind } from './known.ts';
import { inWords } from './run.ts';

/** At boundaries with more states, cuts are checked but states are not counted. */
const MAX_STATES = 2_000;

export interface Cut {
  readonly boundary: number;
  readonly tree: Tree;
}

export interface CutCheck {
  /** Different trees at the same boundary, summed over boundaries. */
  readonly trees: number;
  /** At the boundaries whose states were counted: how many trees the profile allows, and how many of them were seen. */
  readonly modelled: number;
  readonly seen: number;
  /** Trees that the profile forbids, described in words. */
  readonly outside: readonly string[];
  /** Forbidden trees of known kinds, which the report lists: how many of each. */
  readonly known: ReadonlyMap<KnownKind, number>;
}

export function checkCuts(profile: Profile, trace: Trace, cuts: readonly Cut[], count = true): CutCheck {
  const outside: string[] = [];
  const known = new Map<KnownKind, number>();
  let [trees, modelled, seen] = [0, 0, 0];
  for (const [boundary, different] of byBoundary(cuts)) {
    trees += different.length;
    const hashes = count ? hashesAt(trace, profile, boundary) : undefined;
    if (hashes !== undefined) modelled += hashes.size;
    for (const tree of different) {
      if (allows(trace, profile, boundary, tree)) {
        if (hashes?.has(hashText(hashOfTree(tree)))) seen += 1;
        continue;
      }
      const kind = knownKind(profile, trace, boundary, tree);
      if (kind === undefined) outside.push(describeViolation(profile, trace, boundary, tree));
      else known.set(kind, (known.get(kind) ?? 0) + 1);
    }
  }
  return { trees, modelled, seen, outside, known };
}

function byBoundary(cuts: readonly Cut[]): Map<number, Tree[]> {
  const found = new Map<number, Map<string, Tree>>();
  for (const { boundary, tree } of cuts) found.set(boundary, (found.get(boundary) ?? new Map()).set(treeKey(tree), tree));
  return new Map([...found].map(([boundary, trees]) => [boundary, [...trees.values()]]));
}

function hashesAt(trace: Trace, profile: Profile, boundary: number): Set<string> | undefined {
  const hashes = new Set<string>();
  for (const { hash } of statesAt(trace, profile, boundary, { limit: MAX_STATES })) hashes.add(hash);
  return hashes.size >= MAX_STATES ? undefined : hashes;
}

/** A forbidden tree, with the history that led to it. */
function describeViolation(profile: Profile, trace: Trace, boundary: number, tree: Tree): string {
  const entries = [...tree].map(([path, entry]) => {
    switch (entry.kind) {
      case 'file':
        return `  ${path} ${entry.mode.toString(8)} ${entry.bytes.length} bytes: ${runsOf(entry.bytes)}`;
      case 'symlink':
        return `  ${path} -> ${entry.target}`;
      case 'directory':
      case 'other':
        return `  ${path} ${entry.kind} ${entry.mode.toString(8)}`;
      default:
        return entry satisfies never;
    }
  });
  return [`${profile.name} forbids at boundary ${boundary} of`, inWords(trace), 'this tree, which was observed:', ...entries].join('\n');
}

/** `x*4096 \0*12` */
function runsOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  return [...text.matchAll(/(.)\1*/gs)]
    .slice(0, 12)
    .map(([run, letter]) => `${letter === '\0' ? '\\0' : letter}*${run.length}`)
    .join(' ');
}
