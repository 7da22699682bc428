/** From what a call names, a path or a descriptor, to the file that stands for it here. */
import { readlinkSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
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

  /** The file that a path names, at this argument. */
  named(call: LoggedCall, index: number): Named {
    return this.nameOf(this.absolute(call, index));
  }

  /** The same of a directory's descriptor, and a path behind it. */
  namedAt(call: LoggedCall, index: number): Named {
    const [at = '', given = '""'] = call.args.slice(index);
    const path = given === 'NULL' ? '' : bytesOf(given, call.line).toString();
    if (path === '') return this.descriptor(call, index);
    const { cwd } = this.#processes.of(call.pid);
    const shown = /^(?:AT_FDCWD|\d+)<(?<path>\/[^>]*)>$/.exec(at)?.groups?.path;
    const base = shown ?? (at.startsWith('AT_FDCWD') ? cwd : (this.openAt(call, index)?.path ?? cwd));
    return this.nameOf(resolve(base, path));
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

  nameOf(absolute: string): Named {
    const path = relative(this.#directory, absolute) || '.';
    return path.startsWith('..') ? { path } : { path, here: join(this.#place, path) };
  }

  inside(file: Named): Known | undefined {
    return file.here === undefined ? undefined : { ...file, here: file.here };
  }

  pathIn({ path }: Named): string {
    return resolve(this.#directory, path);
  }
}

export const located = ({ path, open }: Named): Located => ({
  path,
  deleted: false,
  ...(open?.here !== undefined && { handle: `/proc/self/fd/${open.here}` }),
});
