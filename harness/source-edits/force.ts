/** Code that forces a file or a directory to disk, in the style of the calls around it. */
import type * as t from '@babel/types';
import type { FsCall } from './fs-call.ts';
import type { References } from './references.ts';
import { NoEdit, type Source } from './source.ts';
import type { Lines } from './statements.ts';

/** Opens what `path` says, forces it, and closes it. Windows forces only what is open for writing; a directory is open for reading. */
export function forced(source: Source, call: FsCall, path: string, what: 'file' | 'directory'): Lines {
  const { semicolon: end, quote } = source;
  const name = source.freshName(what === 'file' ? 'written' : 'directory');
  const flags = `${quote}${what === 'file' ? 'r+' : 'r'}${quote}`;
  const isSync = call.style === 'sync';
  const wait = isSync ? '' : 'await ';
  const force = isSync ? `${call.sibling('fsync')}(${name})` : `${name}.sync()`;
  const close = isSync ? `${call.sibling('close')}(${name})` : `${name}.close()`;
  return [
    `const ${name} = ${wait}${call.sibling('open')}(${path}, ${flags})${end}`,
    'try {',
    `\t${wait}${force}${end}`,
    '} finally {',
    `\t${wait}${close}${end}`,
    '}',
  ];
}

/** The text of the directory that a path is in. `again`: how the path is said a second time. */
export function directoryOf(source: Source, references: References, path: t.Node, place: t.Node, again = source.textOf(path)): string {
  if (path.type === 'CallExpression' && calledName(path) === 'join') {
    const last = path.arguments.at(-1);
    const others = path.arguments.slice(0, -1);
    if (last?.type === 'StringLiteral' && !/[\\/]|^\.\.?$/.test(last.value) && others.length > 0 && others.every(isExpression)) {
      const texts = others.map((one) => source.textOf(one));
      return texts.length === 1 ? (texts[0] ?? '') : `${source.textOf(path.callee)}(${texts.join(', ')})`;
    }
  }
  return `${references.to('path', 'dirname', place)}(${again})`;
}

/** The nth argument, where saying it again is the same. Throws NoEdit. */
export function argumentOf(source: Source, { node, name }: FsCall, at: number): t.Expression {
  const argument = node.arguments[at];
  if (argument === undefined || !isExpression(argument)) throw new NoEdit(`${name} has no argument ${at + 1}`);
  if (!isRepeatable(argument)) throw new NoEdit(`"${source.textOf(argument)}" may be something else when it is said again`);
  return argument;
}

export const isExpression = (node: t.Node): node is t.Expression => node.type !== 'SpreadElement' && node.type !== 'ArgumentPlaceholder';

/** Names of functions that return something else each time. */
const DRAWS = /te?mp|random|uuid|unique|nonce|next|mk/i;

function isRepeatable(node: t.Node): boolean {
  switch (node.type) {
    case 'Identifier':
    case 'ThisExpression':
    case 'StringLiteral':
    case 'NumericLiteral':
      return true;
    case 'MemberExpression':
      return isRepeatable(node.object) && (!node.computed || isRepeatable(node.property));
    case 'TemplateLiteral':
      return node.expressions.every(isRepeatable);
    case 'BinaryExpression':
      return isRepeatable(node.left) && isRepeatable(node.right);
    case 'TSNonNullExpression':
    case 'TSAsExpression':
      return isRepeatable(node.expression);
    case 'CallExpression':
      return !DRAWS.test(calledName(node)) && node.arguments.every(isRepeatable);
    default:
      return node.type === 'PrivateName';
  }
}

function calledName({ callee }: t.CallExpression): string {
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : 'unknown next'; // not repeatable
}

/** The options of writeFile with `flush`, which forces the file before it is closed. Undefined where they cannot be seen through. */
export function withFlush(source: Source, options: t.Node | undefined): string | undefined {
  if (options === undefined) return '{ flush: true }';
  if (options.type === 'StringLiteral') return `{ encoding: ${source.textOf(options)}, flush: true }`;
  if (options.type !== 'ObjectExpression') return undefined;
  const names = options.properties.map((one) => (one.type === 'ObjectProperty' && one.key.type === 'Identifier' ? one.key.name : '...'));
  if (names.some((name) => name === '...' || name === 'flush' || name === 'flag')) return undefined;
  return `{ ${[...options.properties.map((one) => source.textOf(one)), 'flush: true'].join(', ')} }`;
}
