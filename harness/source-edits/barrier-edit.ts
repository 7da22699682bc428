/** A missing barrier put into the source: after the call that it must follow, or else before what must not come first. */
import type { MissingBarrierLine, SiteLine } from '../domain/result.ts';
import { argumentOf, directoryOf, forced, withFlush } from './force.ts';
import { type FsCall, fsCallAt } from './fs-call.ts';
import type { References } from './references.ts';
import { NoEdit, type Source } from './source.ts';
import { type Lines, putAfter, putInstead } from './statements.ts';

/** Where a file is forced: after what was written last, or, whatever wrote it, before it is renamed. */
export type FileAt = 'after-write' | 'before-rename';

/** Changes the source. Throws NoEdit. `isHere`: whether a site is in this source. */
export function addBarrier(
  source: Source,
  references: References,
  { target, after, before }: MissingBarrierLine,
  { isHere, fileAt }: { readonly isHere: (site: SiteLine) => boolean; readonly fileAt: FileAt },
): void {
  const atRename = target === 'file' && fileAt === 'before-rename';
  const next = before.kind === 'op' && before.op.text.startsWith('rename ') ? before.op.site : undefined;
  const site = atRename ? next : after?.site;
  if (site === undefined) throw new NoEdit('no line is known for the op that it follows');
  if (!isHere(site)) throw new NoEdit(`it belongs into ${site.file}`);
  const call = fsCallAt(source, references, site.line, site.column);
  if (target === 'directory') forceDirectory(source, references, call);
  else if (atRename) forceBeforeRename(source, call);
  else forceFile(source, call);
}

/** Which argument of a call is a name in the directory that it changes. */
const NAMES: ReadonlyMap<string, number> = new Map([
  ['rename', 1],
  ['link', 1],
  ['symlink', 1],
  ['copyFile', 1],
  ['unlink', 0],
  ['rm', 0],
  ['writeFile', 0],
  ['appendFile', 0],
  ['open', 0],
  ['mkdir', 0],
]);

function forceDirectory(source: Source, references: References, call: FsCall): void {
  const at = NAMES.get(call.name);
  const isName = at !== undefined && call.handle === undefined && !source.isOpened(argumentOf(source, call, at));
  if (!isName) throw new NoEdit(`it does not show which directory ${call.name} changes`);
  const directory = directoryOf(source, references, argumentOf(source, call, at), call.node);
  putAfter(source, call, forced(source, call, directory, 'directory'));
}

function forceFile(source: Source, call: FsCall): void {
  const { node, name, handle, style } = call;
  const { semicolon: end } = source;
  if (handle !== undefined) {
    putAfter(source, call, [`await ${handle}.sync()${end}`], handle);
    return;
  }
  if (name === 'writeFile' || name === 'appendFile') {
    const options = node.arguments[2];
    const flushed = withFlush(source, options);
    const [last] = [options ?? node.arguments[1]];
    if (flushed !== undefined && last !== undefined) {
      if (options === undefined) source.change(last.end ?? 0, last.end ?? 0, `, ${flushed}`);
      else source.change(options.start ?? 0, options.end ?? 0, flushed);
      return;
    }
  }
  if (style === 'sync' && (name === 'write' || name === 'writev' || name === 'ftruncate')) {
    const descriptor = source.textOf(argumentOf(source, call, 0));
    putAfter(source, call, [`${call.sibling('fsync')}(${descriptor})${end}`], descriptor);
    return;
  }
  const at = name === 'copyFile' ? 1 : name === 'writeFile' || name === 'appendFile' || name === 'truncate' ? 0 : undefined;
  if (at === undefined || source.isOpened(argumentOf(source, call, at))) throw new NoEdit(`it does not show which file ${name} writes`);
  putAfter(source, call, forced(source, call, source.textOf(argumentOf(source, call, at)), 'file'));
}

/** Whatever wrote it: a file can be opened again by its name and forced. */
function forceBeforeRename(source: Source, call: FsCall): void {
  if (call.name !== 'rename' || call.handle !== undefined) throw new NoEdit(`${call.name} is no rename`);
  const from = source.textOf(argumentOf(source, call, 0));
  const own = `${call.style === 'promise' ? 'await ' : ''}${source.textOf(call.node)}${source.semicolon}`;
  const lines: Lines = [...forced(source, call, from, 'file'), own];
  putInstead(source, call, lines);
}
