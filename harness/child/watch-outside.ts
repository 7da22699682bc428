/**
 * Notes what a process uses outside of the harness's own directories: each path once, in a file, as soon as it is used. A process that
 * recovers is not traced, because a tracer would take more time than the recovery.
 *
 * Noted: paths that node:fs is called with, by JavaScript of this thread. What else could use a file is noted as a reason to trust no list:
 * programs, threads, native code, servers.
 */
import fs from 'node:fs';
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
}

/** Call it once in a process. `file` takes the notes; what is below the directories in `own` is the harness's. */
export function watchOutside(file: string, own: readonly string[]): OutsideWatch {
  const output = fs.openSync(file, 'a');
  const write = fs.writeSync; // a store may replace it
  const noted = new Set<string>();
  let bundle = '';
  let isAsking = false;
  const note = (line: Omit<OutsideLine, 'bundle'>): void => {
    const text = outsideLine({ bundle, ...line });
    if (noted.has(text)) return;
    noted.add(text);
    write(output, text);
  };
  const isOwn = (path: string): boolean =>
    own.some((root) => path.startsWith(root) && (path.length === root.length || path[root.length] === '/'));
  const notePath = (argument: unknown, what: 'path' | 'listed'): void => {
    if (isAsking || (typeof argument !== 'string' && !(argument instanceof Uint8Array))) return;
    const given = typeof argument === 'string' ? argument : Buffer.from(argument).toString();
    isAsking = true; // what follows asks node:fs
    for (const path of pathsMeant(given)) if (!isOwn(path)) note({ what, text: path });
    isAsking = false;
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
  const modules = (process as unknown as { readonly moduleLoadList: readonly string[] }).moduleLoadList;
  return {
    begin: (next) => {
      bundle = next;
    },
    end: () => {
      if (OPEN_FILES_THEMSELVES.some((name) => modules.includes(name))) note({ what: 'unseen', text: UNSEEN.native });
    },
  };
}
