/** A call of Node's fs as it stands in a source: what it does, on what, and how the source waits for it. */
import type * as t from '@babel/types';
import type { References } from './references.ts';
import { NoEdit, type Source } from './source.ts';

export interface FsCall {
  readonly node: t.CallExpression;
  /** Without `Sync`: `writeFile`, `rename`. */
  readonly name: string;
  readonly style: 'sync' | 'promise';
  /** `handle.write(…)`: the text of `handle`. Absent for `fs.writeFile(path, …)`. */
  readonly handle?: string;
  /** The text by which a function of the same module is called, in the same style: `fs.promises.open`. */
  readonly sibling: (name: string) => string;
}

const FS_MODULES: ReadonlySet<string> = new Set(['fs', 'fs/promises', 'fs-extra', 'graceful-fs']);
/** Of a file handle, those that write. */
const HANDLE_WRITES: ReadonlySet<string> = new Set(['write', 'writev', 'writeFile', 'appendFile', 'truncate']);

/** Throws NoEdit for a call that is none of fs, or that the source waits for in a way that leaves no place after it. */
export function fsCallAt(source: Source, references: References, line: number, column: number): FsCall {
  const node = source.callAt(line, column);
  if (node === undefined) throw new NoEdit(`there is no call at ${line}:${column}`);
  const { callee } = node;
  if (callee.type === 'Identifier') {
    const origin = references.origin(callee.name);
    if (origin === undefined || !FS_MODULES.has(origin.module)) throw new NoEdit(`${callee.name} is not imported from node:fs`);
    const style = styleOf(source, node, origin.name);
    const sibling = (name: string): string => references.to(origin.module, style === 'sync' ? `${name}Sync` : name, node);
    return { node, name: withoutSync(origin.name), style, sibling };
  }
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || callee.computed)
    throw new NoEdit(`${source.textOf(callee)} is not a name`);
  const method = callee.property.name;
  const object = source.textOf(callee.object);
  const root = rootOf(callee.object);
  const origin = root === undefined ? undefined : references.origin(root);
  if (origin !== undefined && FS_MODULES.has(origin.module)) {
    const style = styleOf(source, node, method);
    const sibling = (name: string): string => `${object}.${style === 'sync' ? `${name}Sync` : name}`;
    return { node, name: withoutSync(method), style, sibling };
  }
  if (!HANDLE_WRITES.has(method) || object.includes('(')) throw new NoEdit(`${object}.${method} is no call of node:fs that is known`);
  mustBeAwaited(source, node);
  return { node, name: method, style: 'promise', handle: object, sibling: (name) => references.to('fs/promises', name, node) };
}

const withoutSync = (name: string): string => name.replace(/Sync$/, '');

function rootOf(node: t.Node): string | undefined {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'MemberExpression' ? rootOf(node.object) : undefined;
}

function styleOf(source: Source, node: t.CallExpression, name: string): FsCall['style'] {
  if (name.endsWith('Sync')) return 'sync';
  const last = node.arguments.at(-1);
  if (last !== undefined && /Function/.test(last.type)) throw new NoEdit('it ends in a callback, and what comes after it is in there');
  mustBeAwaited(source, node);
  return 'promise';
}

function mustBeAwaited(source: Source, node: t.CallExpression): void {
  const parent = source.parentOf(node);
  const isEnd = parent?.type === 'ReturnStatement' || (parent?.type === 'ArrowFunctionExpression' && parent.body === node);
  if (parent?.type !== 'AwaitExpression' && !isEnd) throw new NoEdit('its promise is not awaited where it is made');
}
