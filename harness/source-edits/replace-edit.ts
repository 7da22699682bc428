/**
 * Writing in place turned into a replacement: a temporary file of its own name beside it, forced, renamed over the file, and the directory
 * forced. For `writeFile` and `writeFileSync` of a whole file by its path.
 *
 * A symbolic link in place of the file is replaced, where it was followed before. The mode is the one that the call gives to a new file.
 */
import type { SiteLine } from '../domain/result.ts';
import { directoryOf, forced, isExpression, withFlush } from './force.ts';
import { fsCallAt } from './fs-call.ts';
import type { References } from './references.ts';
import { NoEdit, type Source } from './source.ts';
import { type Lines, putInstead } from './statements.ts';

/** Changes the source. Throws NoEdit. */
export function replaceWhole(source: Source, references: References, { line, column }: SiteLine): void {
  const call = fsCallAt(source, references, line, column);
  const { node, name, handle, style } = call;
  if (name !== 'writeFile' || handle !== undefined) throw new NoEdit(`only writeFile of a whole file is rewritten, and this is ${name}`);
  const [path, data, options, ...more] = node.arguments;
  if (path === undefined || data === undefined || more.length > 0 || !isExpression(path))
    throw new NoEdit('it has other arguments than a path and data');
  if (source.isOpened(path)) throw new NoEdit(`${source.textOf(path)} is an open file, and not a path`);
  const flushed = withFlush(source, options);
  if (flushed === undefined) throw new NoEdit('its options cannot be seen through');
  const { semicolon: end } = source;
  const wait = style === 'promise' ? 'await ' : '';
  const temporary = source.freshName('temporary');
  // A path that is more than a name is worked out once.
  const isName = path.type === 'Identifier';
  const target = isName ? path.name : source.freshName('target');
  const forgiving = style === 'promise' ? '.catch(() => {})' : '';
  const lines: Lines = [
    ...(isName ? [] : [`const ${target} = ${source.textOf(path)}${end}`]),
    `const ${temporary} = \`\${${target}}.\${${references.to('crypto', 'randomUUID', node)}()}.tmp\`${end}`,
    'try {',
    `\t${wait}${call.sibling('writeFile')}(${temporary}, ${source.textOf(data)}, ${flushed})${end}`,
    `\t${wait}${call.sibling('rename')}(${temporary}, ${target})${end}`,
    '} catch (error) {',
    `\t${wait}${call.sibling('rm')}(${temporary}, { force: true })${forgiving}${end}`,
    `\tthrow error${end}`,
    '}',
    ...forced(source, call, directoryOf(source, references, path, node, target), 'directory'),
  ];
  putInstead(source, call, lines);
}
