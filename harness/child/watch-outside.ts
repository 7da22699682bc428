/**
 * Notes what a process uses outside of the harness's own directories: each path once, in a file, as soon as it is used. A process that
 * recovers is not traced, because a tracer would take more time than the recovery.
 *
 * Noted: paths that node:fs is called with, by JavaScript of this thread, also in processes that are forked from this one. What else could use
 * a file is noted as a reason to trust no list: programs, threads, native code, servers.
 */
import fs from 'node:fs';
import { Lines } from '../protocol/json-lines.ts';
import { pathsMeant, UNSEEN } from '../record/outside.ts';
import { type OutsideLine, outsideLine } from '../recover/outside-lines.ts';
import { fsBinding, reportCalls } from './report-calls.ts';

/** Functions of `fsBinding` whose second argument is a path, too. */
const TWO_PATHS = /^(?:rename|link|symlink|copyFile|cpSync)/;
const READS_NAMES = /^(?:readdir|opendir)/;
/** Node's own modules that open files in native code. */
const OPEN_FILES_THEMSELVES = ['Internal Binding sqlite', 'Internal Binding wasi'];

type Binding = { readonly [name: string]: { readonly prototype: object } };
const bindingOf = (name: string): Binding => (process as unknown as { binding(name: string): Binding }).binding(name);

export interface OutsideWatch {
  /** What comes next is done for this store. */
  begin(bundle: string): void;
  /** Call it when that is done. */
  end(): void;
  /** Writes no note before this work is over, because another watch would take that for writing by the store. */
  heldDuring<T>(work: () => Promise<T>): Promise<T>;
  /** Notes nothing of this, which the harness does for itself. */
  apart<T>(work: () => T): T;
  /** Calls of these functions run native code: the harness has loaded it, so a store need not. */
  native(owner: object, names: readonly string[]): void;
  /** Takes over what forked processes have noted, so that the next ones do not note it again. */
  learn(): void;
}

const CHUNK_BYTES = 1 << 16;

/** Call it once in a process. `file` takes the notes; what is below the directories in `own` is the harness's. */
export function watchOutside(file: string, own: readonly string[]): OutsideWatch {
  const output = fs.openSync(file, 'a+');
  const { writeSync, readSync } = fs; // a store may replace them
  const noted = new Set<string>();
  let bundle = '';
  let isSilent = false;
  let held: string[] | undefined;
  const note = (line: Omit<OutsideLine, 'bundle'>): void => {
    const text = outsideLine({ bundle, ...line });
    if (isSilent || noted.has(text)) return;
    noted.add(text);
    if (held === undefined) writeSync(output, text);
    else held.push(text);
  };
  const apart = <T>(work: () => T): T => {
    isSilent = true;
    try {
      return work();
    } finally {
      isSilent = false;
    }
  };
  const isOwn = (path: string): boolean =>
    own.some((root) => path.startsWith(root) && (path.length === root.length || path[root.length] === '/'));
  const notePath = (argument: unknown, what: 'path' | 'listed'): void => {
    if (isSilent || (typeof argument !== 'string' && !(argument instanceof Uint8Array))) return;
    const given = typeof argument === 'string' ? argument : Buffer.from(argument).toString();
    const meant = apart(() => pathsMeant(given)); // asks node:fs
    for (const path of meant) if (!isOwn(path)) note({ what, text: path });
  };
  for (const name of Object.keys(fsBinding)) {
    const what = READS_NAMES.test(name) ? 'listed' : 'path';
    const hasTwo = TWO_PATHS.test(name);
    reportCalls(fsBinding, [name], (first, second) => {
      notePath(first, what);
      if (hasTwo) notePath(second, what);
    });
  }
  const unseen = (owner: object, names: readonly string[], text: string): void =>
    void reportCalls(owner, names, () => note({ what: 'unseen', text }));
  unseen(bindingOf('spawn_sync'), ['spawn'], UNSEEN.programs);
  unseen(bindingOf('process_wrap').Process?.prototype ?? {}, ['spawn'], UNSEEN.programs);
  unseen(bindingOf('tcp_wrap').TCP?.prototype ?? {}, ['connect', 'connect6'], UNSEEN.servers);
  unseen(bindingOf('pipe_wrap').Pipe?.prototype ?? {}, ['connect'], UNSEEN.servers);
  unseen(bindingOf('udp_wrap').UDP?.prototype ?? {}, ['send', 'send6', 'connect', 'connect6'], UNSEEN.servers);
  unseen(process, ['dlopen'], UNSEEN.native);
  process.on('worker', () => note({ what: 'unseen', text: UNSEEN.threads }));
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const lines = new Lines();
  let learnt = 0;
  const modules = (process as unknown as { readonly moduleLoadList: readonly string[] }).moduleLoadList;
  const end = (): void => {
    if (OPEN_FILES_THEMSELVES.some((name) => modules.includes(name))) note({ what: 'unseen', text: UNSEEN.native });
  };
  process.on('exit', end); // a store may end its process
  return {
    begin: (next) => {
      bundle = next;
    },
    end,
    heldDuring: async (work) => {
      held = [];
      try {
        return await work();
      } finally {
        const texts = held;
        held = undefined;
        for (const text of texts) writeSync(output, text);
      }
    },
    apart,
    native: (owner, names) => unseen(owner, names, UNSEEN.native),
    learn: () => {
      const readMore = (): number => readSync(output, chunk, 0, CHUNK_BYTES, learnt);
      for (let length = readMore(); length > 0; length = readMore()) {
        learnt += length;
        for (const line of lines.take(chunk.subarray(0, length))) noted.add(`${line}\n`);
      }
    },
  };
}
