/** From what a call names, a path or a descriptor, to the file that stands for it here. */
import { readlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { below } from '../../domain/below.ts';
import type { Located } from '../ptrace/resolve.ts';
import type { OpenFile, Processes } from './descriptors.ts';
import { bytesOf, type LoggedCall } from './log.ts';

/** A file as a call names it. */
export interface Named {
  /** Relative to the directory; of a file elsewhere, it leads out of it. */
  readonly path: string;
  /** The path here, of a file in the directory. */
  readonly here?: string;
  /** What a descriptor leads to. */
  readonly open?: OpenFile;
}

export type Known = Named & { readonly here: string };

export class NamedFiles {
  readonly #processes: Processes;
  readonly #directory: string;
  readonly #place: string;

  /** `place` stands for the directory. */
  constructor(processes: Processes, directory: string, place: string) {
    this.#processes = processes;
    this.#directory = directory;
    this.#place = place;
  }

  /** The file that a call's first arguments name. */
  of(call: LoggedCall, by: 'descriptor' | 'path' | 'at', follows = false): Named {
    if (by === 'descriptor') return this.descriptor(call, 0);
    return by === 'at' ? this.namedAt(call, 0, follows) : this.named(call, 0, follows);
  }

  /** The file that a path names, at this argument. `follows`: the call goes through a symlink at its end. */
  named(call: LoggedCall, index: number, follows = false): Named {
    return this.nameOf(this.absolute(call, index), follows);
  }

  /** The same of a directory's descriptor, and a path behind it. */
  namedAt(call: LoggedCall, index: number, follows = false): Named {
    const [at = '', given = '""'] = call.args.slice(index);
    const path = given === 'NULL' ? '' : bytesOf(given, call.line).toString();
    if (path === '') return this.descriptor(call, index);
    const { cwd } = this.#processes.of(call.pid);
    const shown = /^(?:AT_FDCWD|\d+)<(?<path>\/[^>]*)>$/.exec(at)?.groups?.path;
    const base = shown ?? (at.startsWith('AT_FDCWD') ? cwd : (this.openAt(call, index)?.path ?? cwd));
    return this.nameOf(resolve(base, path), follows);
  }

  absolute({ pid, args, line }: LoggedCall, index: number): string {
    return resolve(this.#processes.of(pid).cwd, bytesOf(args[index] ?? '""', line).toString());
  }

  openAt({ pid, args }: LoggedCall, index: number): OpenFile | undefined {
    return this.#processes.open(pid, Number.parseInt(args[index] ?? '', 10));
  }

  /** What a descriptor leads to now: the file may have another name than it was opened by. */
  descriptor(call: LoggedCall, index: number): Named {
    const open = this.openAt(call, index);
    if (open?.here === undefined) return { path: relative(this.#directory, open?.path ?? '/'), ...(open && { open }) };
    const here = readlinkSync(`/proc/self/fd/${open.here}`).replace(/ \(deleted\)$/, '');
    return { path: relative(this.#place, here) || '.', here, open };
  }

  /** A symlink counts as in the log: one that leads out of the directory leads elsewhere, and nothing is touched there. */
  nameOf(absolute: string, follows = false): Named {
    const name = join(this.#resolved(dirname(absolute)), basename(absolute));
    const path = relative(this.#directory, name) || '.';
    const target = this.#below(follows ? this.#resolved(name) : name);
    return target === undefined || this.#below(name) === undefined ? { path } : { path, here: join(this.#place, target) };
  }

  /** The path without symlinks, as far as they are in the directory. */
  #resolved(absolute: string): string {
    let path = absolute;
    for (let links = 0; links < MOST_LINKS; links += 1) {
      const parts = this.#below(path)?.split('/') ?? [];
      const at = parts.findIndex((_, index) => linkAt(join(this.#place, ...parts.slice(0, index + 1))) !== undefined);
      if (at < 0) return path;
      const link = parts.slice(0, at + 1);
      const target = linkAt(join(this.#place, ...link)) ?? '';
      path = resolve(this.#directory, ...link.slice(0, -1), target, ...parts.slice(at + 1));
    }
    return path;
  }

  /** Relative to the directory; undefined for what is elsewhere. */
  #below(absolute: string): string | undefined {
    return below(this.#directory, absolute);
  }

  inside(file: Named): Known | undefined {
    return file.here === undefined ? undefined : { ...file, here: file.here };
  }

  pathIn({ path }: Named): string {
    return resolve(this.#directory, path);
  }
}

/** After so many links the kernel says ELOOP. */
const MOST_LINKS = 40;

/** What a symlink holds; undefined where there is none. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export const located = ({ path, open }: Named): Located => ({
  path,
  deleted: false,
  ...(open?.here !== undefined && { handle: `/proc/self/fd/${open.here}` }),
});
