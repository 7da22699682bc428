/** Statements put after a call, or in its place, wherever the call stands. */
import type * as t from '@babel/types';
import type { FsCall } from './fs-call.ts';
import { isFunction, NoEdit, type Source } from './source.ts';

/** A line begins with a tab for each level that it is deeper than the call. */
export type Lines = readonly string[];

/** What resolves with nothing: its `return` can be taken away. */
const RETURNS_NOTHING: ReadonlySet<string> = new Set(['writeFile', 'appendFile', 'truncate', 'rename', 'copyFile', 'link', 'unlink']);

/** `outside`: a name; the lines come after the loops that the call is in, unless the name is declared in them. */
export function putAfter(source: Source, call: FsCall, lines: Lines, outside?: string): void {
  put(source, call, (own) => [own, ...lines], outside);
}

export function putInstead(source: Source, call: FsCall, lines: Lines): void {
  const { expression, host } = placeOf(source, call);
  const isAlone = host.type === 'ExpressionStatement' || host.type === 'ReturnStatement' || isArrowWith(host, expression);
  if (!isAlone) throw new NoEdit('its result is used');
  put(source, call, () => lines);
}

function put(source: Source, call: FsCall, linesWith: (own: string) => Lines, outside?: string): void {
  const { expression, host } = placeOf(source, call);
  const own = `${call.style === 'promise' ? 'await ' : ''}${source.textOf(call.node)}${source.semicolon}`;
  if (isArrowWith(host, expression)) {
    if (expression.extra?.parenthesized) throw new NoEdit('it stands in brackets');
    mayGoOn(call, host);
    if (call.style === 'promise' && !host.async) source.change(host.start ?? 0, host.start ?? 0, 'async ');
    const base = source.indentOf(host);
    const body = laidOut(source, linesWith(own), base + source.indent);
    source.change(expression.start ?? 0, expression.end ?? 0, ['{', ...body, `${base}}`].join(source.newline));
    return;
  }
  const base = source.indentOf(host);
  if (host.type === 'ReturnStatement') {
    const around = source.functionAround(host);
    mayGoOn(call, around);
    if (call.style === 'promise' && around?.async !== true) throw new NoEdit('the function around it is not async');
    const end = isLast(source, host, around) ? [] : [`return${source.semicolon}`];
    replace(source, host, laidOut(source, [...linesWith(own), ...end], base));
    return;
  }
  const lines = linesWith(KEPT);
  if (lines[0] === KEPT) after(source, outside === undefined ? host : outOfLoops(source, host, outside), lines.slice(1));
  else replace(source, host, laidOut(source, lines, base));
}

/** Stands for the statement as it is. */
const KEPT = '\0';

/** The call with its `await`, and the statement or arrow function that it is in. */
function placeOf(source: Source, { node }: FsCall): { readonly expression: t.Node; readonly host: t.Node } {
  const parent = source.parentOf(node);
  const expression = parent?.type === 'AwaitExpression' ? parent : node;
  const direct = source.parentOf(expression);
  if (direct !== undefined && isArrowWith(direct, expression)) return { expression, host: direct };
  for (const outer of source.around(expression)) {
    if (isFunction(outer)) throw new NoEdit('it is a part of what a function returns');
    if (outer.type === 'ReturnStatement' && outer.argument !== expression) throw new NoEdit('it is a part of what is returned');
    if (isStatement(outer)) return { expression, host: outer };
  }
  throw new NoEdit('it stands in no statement');
}

const isStatement = ({ type }: t.Node): boolean => /Statement$|^VariableDeclaration$/.test(type);

function isArrowWith(node: t.Node, body: t.Node): node is t.ArrowFunctionExpression {
  return node.type === 'ArrowFunctionExpression' && node.body === body;
}

function mayGoOn({ name }: FsCall, around: t.Node | undefined): void {
  if (around === undefined || !RETURNS_NOTHING.has(name)) throw new NoEdit('what it returns is returned in turn');
}

function isLast(source: Source, host: t.Node, around: t.Function | undefined): boolean {
  const block = source.parentOf(host);
  return block === around?.body && block?.type === 'BlockStatement' && block.body.at(-1) === host;
}

function outOfLoops(source: Source, host: t.Node, name: string): t.Node {
  let out = host;
  for (const outer of source.around(host)) {
    if (isFunction(outer)) break;
    if (!/^(?:For|While|DoWhile)/.test(outer.type)) continue;
    if (new RegExp(`\\b(?:const|let|var)\\s+${name.replace(/\W.*/s, '')}\\b`).test(source.textOf(outer))) break;
    out = outer;
  }
  return out;
}

const isInBlock = (source: Source, host: t.Node): boolean =>
  ['BlockStatement', 'Program', 'SwitchCase', 'StaticBlock'].includes(source.parentOf(host)?.type ?? '');

function after(source: Source, host: t.Node, lines: Lines): void {
  const { newline } = source;
  const base = source.indentOf(host);
  if (!isInBlock(source, host)) {
    replace(source, host, [`${base}${source.textOf(host)}`, ...laidOut(source, lines, base)]);
    return;
  }
  // What is said of a line stays on it.
  const end = host.end ?? 0;
  const rest = /^[ \t]*\/\/[^\r\n]*/.exec(source.text.slice(end))?.[0] ?? '';
  source.change(
    end + rest.length,
    end + rest.length,
    laidOut(source, lines, base)
      .map((line) => newline + line)
      .join(''),
  );
}

function replace(source: Source, host: t.Node, lines: Lines): void {
  const { newline } = source;
  const [first = '', ...more] = lines;
  const text = [first.trimStart(), ...more].join(newline);
  const base = source.indentOf(host);
  const inBraces = ['{', ...lines.map((line) => source.indent + line), `${base}}`].join(newline);
  source.change(host.start ?? 0, host.end ?? 0, isInBlock(source, host) ? text : inBraces);
}

/** Line breaks within a line, as of a call over several lines, stay as they are. */
const laidOut = (source: Source, lines: Lines, base: string): string[] =>
  lines.map((line) => base + line.replace(/^\t+/, (tabs) => source.indent.repeat(tabs.length)));
