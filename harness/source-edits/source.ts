/**
 * A source file as a tree with parents: the call at a site, the statement around it, and changes to the text.
 *
 * Babel's parser reads TypeScript, JSX and CommonJS, and is plain JavaScript, so that it fits into the bundle.
 */
import { extname } from 'node:path';
import { type ParserPlugin, parse } from '@babel/parser';
import type * as t from '@babel/types';

/** Why no edit can be made, in words that follow "because". */
export class NoEdit extends Error {
  override readonly name = 'NoEdit';
}

export interface Change {
  readonly at: number;
  /** The end of what is taken out. */
  readonly until: number;
  readonly text: string;
}

export class Source {
  readonly text: string;
  readonly program: t.Program;
  readonly isModule: boolean;
  readonly semicolon: ';' | '';
  readonly quote: "'" | '"';
  readonly newline: '\n' | '\r\n';
  /** Every name in it, whatever it stands for. */
  readonly #names = new Set<string>();
  readonly #parents = new Map<t.Node, t.Node>();
  readonly #calls: t.CallExpression[] = [];
  /** Names that an `open` is assigned to. */
  readonly #opened = new Set<string>();
  readonly #changes: Change[] = [];

  /** Throws NoEdit where it cannot be parsed. `file`: its extension says how it is read. */
  constructor(text: string, file: string) {
    this.text = text;
    try {
      this.program = parse(text, { sourceType: 'unambiguous', plugins: pluginsFor(file), errorRecovery: false }).program;
    } catch (error) {
      throw new NoEdit(`the source cannot be read: ${error instanceof Error ? error.message : error}`);
    }
    this.isModule = this.program.sourceType === 'module';
    for (const node of this.#walk(this.program)) {
      if (node.type === 'Identifier') this.#names.add(node.name);
      if (node.type === 'CallExpression') this.#calls.push(node);
      if (node.type === 'VariableDeclarator' && isOpen(node.init)) this.#opened.add(this.textOf(node.id));
      if (node.type === 'AssignmentExpression' && isOpen(node.right)) this.#opened.add(this.textOf(node.left));
    }
    this.newline = text.includes('\r\n') ? '\r\n' : '\n';
    this.quote = (text.match(/'/g)?.length ?? 0) >= (text.match(/"/g)?.length ?? 0) ? "'" : '"';
    const statements = this.program.body.filter(({ type }) => type === 'ImportDeclaration' || /Variable|Expression/.test(type));
    this.semicolon = statements.length === 0 || statements.some((one) => this.textOf(one).endsWith(';')) ? ';' : '';
  }

  *#walk(node: t.Node): Generator<t.Node> {
    yield node;
    for (const [key, value] of Object.entries(node)) {
      if (key.endsWith('Comments') || key === 'loc' || key === 'extra') continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (!isNode(child)) continue;
        this.#parents.set(child, node);
        yield* this.#walk(child);
      }
    }
  }

  textOf({ start, end }: t.Node): string {
    return this.text.slice(start ?? 0, end ?? 0);
  }

  parentOf(node: t.Node): t.Node | undefined {
    return this.#parents.get(node);
  }

  /** Whether it stands for what an `open` returned, a descriptor or a handle, and not for a path. */
  isOpened(node: t.Node): boolean {
    return this.#opened.has(this.textOf(node));
  }

  *around(node: t.Node): Generator<t.Node> {
    for (let at = this.parentOf(node); at !== undefined; at = this.parentOf(at)) yield at;
  }

  /** The innermost call that a stack may name by this line and column, which count from 1. Undefined where there is none. */
  callAt(line: number, column: number): t.CallExpression | undefined {
    const at = offsetOf(this.text, line, column);
    const isNamed = ({ callee }: t.CallExpression): boolean => (callee.start ?? 0) <= at && at <= (callee.end ?? 0);
    return this.#calls.filter(isNamed).reduce<t.CallExpression | undefined>((best, one) => {
      return best === undefined || (one.start ?? 0) >= (best.start ?? 0) ? one : best;
    }, undefined);
  }

  /** The function around a node; undefined at the top level. */
  functionAround(node: t.Node): t.Function | undefined {
    for (const outer of this.around(node)) if (isFunction(outer)) return outer;
    return undefined;
  }

  /** What functions around a node declare, in their parameters and anywhere in them. */
  namesAround(node: t.Node): ReadonlySet<string> {
    const names = new Set<string>();
    for (const outer of this.around(node)) {
      if (!isFunction(outer)) continue;
      const patterns = [
        ...outer.params,
        ...[...this.#walk(outer.body)].flatMap((one) => (one.type === 'VariableDeclarator' ? [one.id] : [])),
      ];
      for (const pattern of patterns) for (const one of this.#walk(pattern)) if (one.type === 'Identifier') names.add(one.name);
    }
    return names;
  }

  /** A name that stands for nothing in the file, and is handed out once. */
  freshName(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#names.has(name); number += 1) name = `${wanted}${number}`;
    this.#names.add(name);
    return name;
  }

  indentOf(node: t.Node): string {
    const start = this.text.lastIndexOf('\n', (node.start ?? 0) - 1) + 1;
    return /^[ \t]*/.exec(this.text.slice(start))?.[0] ?? '';
  }

  /** What one level adds. */
  get indent(): string {
    return /^(\t| {2,8})\S/m.exec(this.text)?.[1] ?? '  ';
  }

  change(at: number, until: number, text: string): void {
    this.#changes.push({ at, until, text });
  }

  changed(): string {
    // Of several at one place, the first stands first.
    const lastFirst = [...this.#changes.entries()].sort(([i, one], [j, other]) => other.at - one.at || j - i);
    return lastFirst.reduce((text, [, { at, until, text: put }]) => text.slice(0, at) + put + text.slice(until), this.text);
  }
}

function pluginsFor(file: string): ParserPlugin[] {
  switch (extname(file)) {
    case '.ts':
    case '.mts':
    case '.cts':
      return ['typescript'];
    case '.tsx':
      return ['typescript', 'jsx'];
    default:
      return ['jsx'];
  }
}

const isNode = (value: unknown): value is t.Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;

/** `openSync(…)`, `await fs.promises.open(…)`. */
function isOpen(node: t.Node | null | undefined): boolean {
  if (node?.type === 'AwaitExpression') return isOpen(node.argument);
  if (node?.type !== 'CallExpression') return false;
  const { callee } = node;
  const name = callee.type === 'MemberExpression' ? callee.property : callee;
  return name.type === 'Identifier' && /^open(?:Sync)?$/.test(name.name);
}

export function isFunction(node: t.Node): node is t.Function {
  return /^(?:Function|ArrowFunction|ObjectMethod|ClassMethod|ClassPrivateMethod)/.test(node.type);
}

function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let left = line - 1; left > 0; left -= 1) {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return at + column - 1;
}
