/** What every cell of a run depends on: the harness, Node, the machine, the user. Linux: only there can a recorder see what a store uses. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { release, version } from 'node:os';
import { basename } from 'node:path';
import type { Installation } from '../machine/installation.ts';
import { RUN_VARIABLE, type Workspace } from '../machine/workspace.ts';
import { BUNDLER } from '../store/bundle.ts';
import { hashOf, hashOfFile } from './hashes.ts';

/** Parts of a key by their names: texts, or hashes of what is long. */
export type Parts = { readonly [name: string]: string };

export interface SurroundingsOptions {
  readonly installation: Installation;
  readonly workspace: Workspace;
  /** The name of the recorder. */
  readonly recorder: string;
  readonly cwd: string;
  /** The environment of children. */
  readonly env: { readonly [name: string]: string };
}

export function surroundingsOf({ installation, workspace, recorder, cwd, env }: SurroundingsOptions): Parts {
  return {
    'crash-matrix': `${installation.version} ${BUNDLER} ${programsHash(installation)}`,
    Node: `${process.version} ${process.execArgv.join(' ')} ${hashOfNode()}`,
    machine: `${process.platform}-${process.arch} ${release()} ${version()}`,
    user: user(),
    'file system': workspace.roots.map(fileSystemOf).join(', '),
    environment: hashOf(
      JSON.stringify(
        Object.entries(env)
          .filter(([name]) => name !== RUN_VARIABLE)
          .sort(),
      ),
    ),
    'working directory': cwd,
    recorder,
  };
}

/** The built programs: the version does not change with each change of them. */
function programsHash({ programs }: Installation): string {
  return hashOf(JSON.stringify(programs.map((path) => [basename(path), hashOfFile(path)])));
}

/** The program that runs here and the libraries that it has loaded: children run the same. */
function hashOfNode(): string {
  const mapped = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const files = new Set(mapped.flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []).filter(isFile));
  return hashOf(
    [...files]
      .sort()
      .map((file) => `${file} ${hashOfFile(file)}`)
      .join('\n'),
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

const OF_THE_USER = /^(?:Uid|Gid|Groups|Umask|CapEff|NoNewPrivs|Seccomp):/;
const LIMITS_OF_FILES = /^Max (?:file size|open files|data size|stack size|address space|cpu time) /;

/** Ids, rights and limits. */
function user(): string {
  const lines = (file: string, pattern: RegExp): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return [...lines('/proc/self/status', OF_THE_USER), ...lines('/proc/self/limits', LIMITS_OF_FILES)].join(', ');
}

/** The type of the file system, and how it is mounted. */
function fileSystemOf(directory: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  let [point, options] = ['', ''];
  for (const mount of mounts) {
    const [, , , , where = '', how = ''] = mount.split(' ');
    const isAbove = where === '/' || directory === where || directory.startsWith(`${where}/`);
    if (isAbove && where.length >= point.length) [point, options] = [where, how];
  }
  return `0x${statfsSync(directory).type.toString(16)} ${options}`;
}
