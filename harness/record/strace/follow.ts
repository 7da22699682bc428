/**
 * Carries out again, in a directory of its own, what a log of strace says that a program did to its directory: the kernel says what comes of
 * each call, and a call that ends otherwise than in the log shows that the two did not begin with the same files.
 */
import { chmodSync, constants, fstatSync, linkSync, lstatSync, openSync, readSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Call, changesTree } from '../../domain/calls.ts';
import type { RawEvent } from '../../domain/events.ts';
import { scanTimes } from '../../domain/file-times.ts';
import { forcedIn, openFlagsIn } from '../../domain/open-flags.ts';
import type { OpenFlag, Range } from '../../domain/trace.ts';
import { type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import { Acks } from '../acks.ts';
import { FileIds } from '../ptrace/files.ts';
import { member, octal, openBits, vectorIn, wordsIn } from './arguments.ts';
import { type OpenFile, Processes, put, whereNext } from './descriptors.ts';
import { BadLog, bytesOf, type LoggedCall } from './log.ts';
import { located, type Named, NamedFiles } from './named.ts';
import { PLAIN_CALLS } from './plain-calls.ts';

export interface FollowOptions {
  /** The directory that the program changed, absolute, as in the log. */
  readonly directory: string;
  /** Where the program was started. */
  readonly cwd: string;
  /** Stands for the directory here, and holds what it held at first. */
  readonly place: string;
  /** An existing directory for contents of files. */
  readonly spool: string;
}

export interface FollowedLog {
  readonly events: readonly RawEvent[];
  /** The program and its arguments, if the log begins with its start. */
  readonly command: readonly string[];
}

/** Throws `BadLog` where the log cannot be followed. Linux. */
export function followLog(calls: readonly LoggedCall[], options: FollowOptions): FollowedLog {
  const follower = new LogFollower(options);
  try {
    return follower.follow(calls);
  } finally {
    follower.close();
  }
}

interface More {
  /** The file that the op is about, where its path names another one: a symlink is recorded with what it leads to. */
  readonly about?: Named;
  readonly to?: Named;
  readonly range?: Range;
  readonly flags?: readonly OpenFlag[];
}

/** The default of most systems, until the program sets another. */
const USUAL_UMASK = 0o022;
const STANDARD_OUTPUT = 1;

class LogFollower {
  readonly #options: FollowOptions;
  readonly #processes: Processes;
  readonly #files: NamedFiles;
  readonly #ids: FileIds;
  readonly #acks = new Acks();
  readonly #events: RawEvent[] = [];
  readonly #scanned: ScanCache = new Map();
  #command: readonly string[] = [];
  #umask = USUAL_UMASK;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#processes = new Processes(options.cwd);
    this.#files = new NamedFiles(this.#processes, options.directory, options.place);
    this.#ids = new FileIds(options.place);
    const tree = scanTree(options.place, this.#scanned);
    this.#events.push({ kind: 'start', tree: spoolTree(tree, options.spool), times: scanTimes(options.place, tree) });
  }

  follow(calls: readonly LoggedCall[]): FollowedLog {
    const [first] = calls;
    if (first !== undefined) this.#processes.put(first.pid, STANDARD_OUTPUT, { path: '', bits: 0, position: 0, held: 0 }, false);
    this.#output = first && this.#processes.open(first.pid, STANDARD_OUTPUT);
    for (const call of calls) this.#take(call);
    this.#events.push({ kind: 'end', how: 'finished' });
    return { events: this.#events, command: this.#command };
  }

  #output: OpenFile | undefined;

  close(): void {
    this.#processes.closeAll();
  }

  #take(call: LoggedCall): void {
    const { name, args, pid, result } = call;
    const failed = call.error !== undefined;
    switch (name) {
      case 'fork':
      case 'vfork':
      case 'clone':
      case 'clone3':
        if (!failed) this.#processes.made(pid, result, args.join(' '));
        return;
      case 'execve':
      case 'execveat':
        if (failed) return;
        if (this.#command.length === 0) this.#command = wordsIn(args[name === 'execve' ? 1 : 2] ?? '', call.line);
        this.#processes.executed(pid);
        return;
      case 'chdir':
        if (!failed) this.#processes.of(pid).cwd = this.#files.absolute(call, 0);
        return;
      case 'fchdir':
        if (!failed) this.#processes.of(pid).cwd = this.#files.openAt(call, 0)?.path ?? this.#processes.of(pid).cwd;
        return;
      case 'umask':
        this.#umask = octal(args[0]);
        return;
      case 'dup':
      case 'dup2':
      case 'dup3':
        if (!failed) this.#duplicate(call, args.includes('O_CLOEXEC'));
        return;
      case 'fcntl':
        this.#control(call);
        return;
      case 'lseek': {
        const open = this.#files.openAt(call, 0);
        if (open !== undefined && !failed) open.position = result;
        return;
      }
      case 'open':
      case 'creat':
        this.#open(call, 'path', name === 'open' ? args[1] : 'O_WRONLY|O_CREAT|O_TRUNC', args[name === 'open' ? 2 : 1]);
        return;
      case 'openat':
        this.#open(call, 'at', args[2], args[3]);
        return;
      case 'openat2':
        this.#open(call, 'at', member(args[2], 'flags'), member(args[2], 'mode'));
        return;
      case 'close': {
        const file = this.#files.inside(this.#files.descriptor(call, 0));
        if (file !== undefined) this.#op(call, 'close', file);
        if (!failed) this.#processes.close(pid, Number.parseInt(args[0] ?? '', 10));
        return;
      }
      case 'read':
      case 'readv':
      case 'pread64':
      case 'preadv':
      case 'preadv2':
        this.#read(call);
        return;
      case 'write':
      case 'pwrite64':
        this.#write(call, () => bytesOf(args[1] ?? '', call.line), args[3]);
        return;
      case 'writev':
      case 'pwritev':
      case 'pwritev2':
        this.#write(call, () => vectorIn(args[1] ?? '', call.line), args[3]);
        return;
      case 'copy_file_range':
        this.#copy(call, { from: 0, fromOffset: 1, to: 2, toOffset: 3 });
        return;
      case 'sendfile':
        this.#copy(call, { from: 1, fromOffset: 2, to: 0 });
        return;
      case 'splice': {
        const file = this.#files.inside(this.#files.descriptor(call, 2));
        if (file !== undefined && !failed) throw new BadLog(call.line, 'splice copies from a pipe, and what was in it is not in the log');
        return;
      }
      case 'ioctl':
        if (/FICLONE|IOC_CLONE/.test(args[1] ?? '')) this.#clone(call);
        return;
      case 'mmap':
        this.#map(call);
        return;
      case 'io_uring_setup':
        if (!failed) this.#unmeasured('io_uring, whose operations are no syscalls');
        return;
      case 'renameat2':
        if (/RENAME_EXCHANGE/.test(args[4] ?? '') && !failed)
          throw new BadLog(call.line, 'it exchanges two files, which cannot be followed');
        this.#rename(call, this.#files.namedAt(call, 0), this.#files.namedAt(call, 2));
        return;
      case 'renameat':
        this.#rename(call, this.#files.namedAt(call, 0), this.#files.namedAt(call, 2));
        return;
      case 'rename':
        this.#rename(call, this.#files.named(call, 0), this.#files.named(call, 1));
        return;
      case 'link':
        this.#link(call, this.#files.named(call, 0), this.#files.named(call, 1));
        return;
      case 'linkat':
        this.#link(call, this.#files.namedAt(call, 0), this.#files.namedAt(call, 2));
        return;
      case 'symlink':
        this.#symlink(call, this.#files.named(call, 1));
        return;
      case 'symlinkat':
        this.#symlink(call, this.#files.namedAt(call, 1));
        return;
      default:
        this.#plain(call);
    }
  }

  /** Calls on one file that need nothing but its name, or change nothing. */
  #plain(call: LoggedCall): void {
    const row = PLAIN_CALLS[call.name];
    if (row === undefined) return;
    const file = this.#files.inside(this.#files.of(call, row.by, row.follows));
    if (file === undefined) return;
    const does = row.does;
    this.#op(call, row.call, file, {}, does && (() => does(file, call.args, this.#umask)));
  }

  #open(call: LoggedCall, by: 'path' | 'at', flags = '', mode = ''): void {
    const bits = openBits(flags);
    const follows = !/O_NOFOLLOW|O_EXCL/.test(flags);
    const file = this.#files.of(call, by, follows);
    const inside = this.#files.inside(file);
    let here: number | undefined;
    if (inside !== undefined) {
      const isNew = (bits & constants.O_CREAT) !== 0 && lstatSync(inside.here, { throwIfNoEntry: false }) === undefined;
      this.#op(call, 'open', inside, { flags: openFlagsIn(bits) }, () => {
        here = openSync(inside.here, bits, octal(mode) & ~this.#umask);
        if (isNew) chmodSync(inside.here, octal(mode) & ~this.#umask); // the harness has a mask of its own
      });
    }
    if (call.error !== undefined) return;
    const open = { path: this.#files.pathIn(file), bits, position: 0, held: 0, ...(here !== undefined && { here }) };
    this.#processes.put(call.pid, call.result, open, flags.includes('O_CLOEXEC'));
  }

  #read(call: LoggedCall): void {
    const file = this.#files.descriptor(call, 0);
    const inside = this.#files.inside(file);
    if (inside !== undefined) this.#op(call, 'read', inside);
    if (file.open !== undefined && call.error === undefined && !call.name.startsWith('p')) file.open.position += call.result;
  }

  #write(call: LoggedCall, bytes: () => Buffer, at: string | undefined): void {
    const file = this.#files.descriptor(call, 0);
    const { open } = file;
    if (open !== undefined && open === this.#output && call.error === undefined)
      this.#events.push(...this.#acks.take(bytes().subarray(0, call.result).toString('latin1')));
    const inside = this.#files.inside(file);
    if (inside === undefined || open?.here === undefined) return;
    const isPositioned = call.name.startsWith('p') && at !== '-1';
    const offset = isPositioned ? Number(at) : whereNext(open);
    const asked = call.args[5] ?? '';
    const forced: OpenFlag[] = asked.includes('RWF_DSYNC') ? ['dsync'] : asked.includes('RWF_SYNC') ? ['sync'] : forcedIn(open.bits);
    const range = call.error === undefined ? { range: { offset, length: call.result } } : {};
    this.#op(call, 'write', inside, { ...range, ...(forced.length > 0 && { flags: forced }) }, () => {
      const data = bytes();
      if (data.length < call.result) throw new BadLog(call.line, `it wrote ${call.result} bytes, and the log has ${data.length}`);
      put(open, data.subarray(0, call.result), offset);
    });
    if (call.error === undefined && !isPositioned) open.position = offset + call.result;
  }

  #copy(
    call: LoggedCall,
    at: { readonly from: number; readonly fromOffset: number; readonly to: number; readonly toOffset?: number },
  ): void {
    const [from, to] = [this.#files.descriptor(call, at.from), this.#files.descriptor(call, at.to)];
    const { open: source } = from;
    const offsetIn = (index: number | undefined): number | undefined => {
      const text = index === undefined ? 'NULL' : (call.args[index] ?? 'NULL');
      return text === 'NULL' ? undefined : Number(/\d+/.exec(text)?.[0]);
    };
    const [given, givenTo] = [offsetIn(at.fromOffset), offsetIn(at.toOffset)];
    const begin = given ?? source?.position ?? 0;
    if (source !== undefined && given === undefined && call.error === undefined) source.position += call.result;
    const inside = this.#files.inside(to);
    const target = to.open;
    if (inside === undefined || target === undefined) return;
    const offset = givenTo ?? whereNext(target);
    const range = call.error === undefined ? { range: { offset, length: call.result } } : {};
    this.#op(call, 'copy', inside, range, () => {
      if (call.result === 0) return;
      put(target, this.#contentsOf(source, call.line).subarray(begin, begin + call.result), offset);
    });
    if (givenTo === undefined && call.error === undefined) target.position = offset + call.result;
  }

  #clone(call: LoggedCall): void {
    const to = this.#files.descriptor(call, 0);
    const inside = this.#files.inside(to);
    if (inside === undefined || to.open === undefined) return;
    const { open } = to;
    const source = this.#files.openAt(call, 2);
    const length = call.error === undefined ? this.#contentsOf(source, call.line).length : 0;
    this.#op(call, 'copy', inside, call.error === undefined ? { range: { offset: 0, length } } : {}, () => {
      put(open, this.#contentsOf(source, call.line), 0);
    });
  }

  /** Throws `BadLog` for a file elsewhere. */
  #contentsOf(source: OpenFile | undefined, line: number): Buffer {
    if (source?.here === undefined) throw new BadLog(line, `it copies from ${source?.path ?? 'a file'}, whose contents are not in the log`);
    const { size } = fstatSync(source.here);
    const bytes = Buffer.alloc(size);
    readSync(source.here, bytes, 0, size, 0);
    return bytes;
  }

  #map(call: LoggedCall): void {
    const [, , protection = '', how = ''] = call.args;
    const file = this.#files.inside(this.#files.descriptor(call, 4));
    if (file === undefined || !how.includes('MAP_SHARED') || !protection.includes('PROT_WRITE') || call.error !== undefined) return;
    this.#op(call, 'mmap', file);
    this.#unmeasured(`stores to ${file.path}, which is mapped: strace does not see them`);
  }

  #rename(call: LoggedCall, from: Named, to: Named): void {
    const [inside, target] = [this.#files.inside(from), this.#files.inside(to)];
    if (inside === undefined && target === undefined) return;
    this.#op(call, 'rename', from, { to }, () => {
      if (inside === undefined) throw new BadLog(call.line, `it brings in ${this.#files.pathIn(from)}, whose contents are not in the log`);
      if (target === undefined) rmSync(inside.here, { recursive: true });
      else renameSync(inside.here, target.here);
    });
  }

  #link(call: LoggedCall, from: Named, to: Named): void {
    const [inside, target] = [this.#files.inside(from), this.#files.inside(to)];
    if (target === undefined) return;
    this.#op(call, 'link', from, { to }, () => {
      if (inside === undefined) throw new BadLog(call.line, `it links ${this.#files.pathIn(from)}, whose contents are not in the log`);
      linkSync(inside.here, target.here);
    });
  }

  #symlink(call: LoggedCall, link: Named): void {
    const inside = this.#files.inside(link);
    if (inside === undefined) return;
    const text = bytesOf(call.args[0] ?? '', call.line).toString();
    const target = this.#files.nameOf(resolve(dirname(this.#files.pathIn(link)), text));
    const path = target.here === undefined ? text : target.path;
    this.#op(call, 'symlink', { ...target, path }, { about: link, to: link }, () => symlinkSync(text, inside.here));
  }

  #duplicate({ pid, args, result }: LoggedCall, closesOnExec: boolean): void {
    const open = this.#processes.open(pid, Number.parseInt(args[0] ?? '', 10));
    const isSame = Number.parseInt(args[0] ?? '', 10) === result;
    if (open !== undefined && !isSame) this.#processes.put(pid, result, open, closesOnExec);
  }

  #control(call: LoggedCall): void {
    const { pid, args, error } = call;
    const [descriptor = '', command = '', argument = ''] = args;
    if (error === undefined && command.startsWith('F_DUPFD')) this.#duplicate(call, command.endsWith('CLOEXEC'));
    const open = this.#files.openAt(call, 0);
    if (error === undefined && command === 'F_SETFD' && open !== undefined)
      this.#processes.put(pid, Number.parseInt(descriptor, 10), open, argument.includes('FD_CLOEXEC'));
    const file = this.#files.inside(this.#files.descriptor(call, 0));
    if (file === undefined || !/^F_(?:OFD_)?SETLKW?(?:64)?$/.test(command)) return;
    this.#op(call, argument.includes('F_UNLCK') ? 'unlock' : 'lock', file);
  }

  #unmeasured(what: string): void {
    if (!this.#events.some((event) => event.kind === 'unmeasured' && event.what === what)) this.#events.push({ kind: 'unmeasured', what });
  }

  /** `does` is carried out if the call succeeded. Throws `BadLog` where it does not succeed here. */
  #op(call: LoggedCall, what: Call, file: Named, { about = file, to, range, flags }: More = {}, does?: () => void): void {
    const id = this.#ids.of(about.path, located(about));
    const replaced = to?.here === undefined ? undefined : this.#ids.existing(to.path, located(to));
    const toId = replaced ?? id;
    const ended = call.error === undefined;
    if (ended && does !== undefined) carriedOut(call, does);
    if (ended) {
      this.#ids.created(file.path, id);
      if (to !== undefined) this.#ids.created(to.path, toId);
    }
    const changes = ended && (changesTree(what) || (flags ?? []).some((flag) => flag === 'create' || flag === 'truncate'));
    this.#events.push({
      kind: 'op',
      call: what,
      via: call.name,
      path: file.path,
      id,
      process: this.#processes.of(call.pid).number,
      ...(flags && { flags }),
      ...(to && { to: { path: to.path, id: toId } }),
      ...(range && { range }),
      ...(call.error !== undefined && { error: call.error }),
      ...(changes && { tree: this.#treeNow() }),
    });
  }

  #treeNow(): ReturnType<typeof spoolTree> {
    return spoolTree(scanTree(this.#options.place, this.#scanned), this.#options.spool);
  }
}

function carriedOut({ line, name }: LoggedCall, does: () => void): void {
  try {
    does();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof BadLog || code === undefined) throw error;
    throw new BadLog(line, `${name} succeeded, and gives ${code} here: the directory held something else when the program began`);
  }
}
