/** How a source may name a function of one of Node's modules: by an import that it has, or by one that is added. */
import type * as t from '@babel/types';
import type { Source } from './source.ts';

interface Import {
  readonly module: string;
  /** Name in the module -> name in the source; `*` is all of it. */
  readonly names: ReadonlyMap<string, string>;
  /** The last name in braces: another one can be added after it. */
  readonly last?: t.Node;
}

export class References {
  readonly #source: Source;
  readonly #imports: readonly Import[];
  readonly #added = new Map<string, string>();

  constructor(source: Source) {
    this.#source = source;
    this.#imports = source.program.body.flatMap((one) => importsIn(one));
  }

  /** The module that a name of the source is imported from, and its name there. */
  origin(local: string): { readonly module: string; readonly name: string } | undefined {
    for (const { module, names } of this.#imports) for (const [name, known] of names) if (known === local) return { module, name };
    return undefined;
  }

  /** The text by which a function is called at a place; an import is added if there is none. */
  to(module: string, name: string, place: t.Node): string {
    const shadowed = this.#source.namesAround(place);
    const ofModule = this.#imports.filter((one) => one.module === module);
    for (const { names } of ofModule) {
      const local = names.get(name);
      if (local !== undefined && !shadowed.has(local)) return local;
    }
    for (const { names } of ofModule) {
      const all = names.get('*');
      if (all !== undefined && !shadowed.has(all)) return `${all}.${name}`;
    }
    const key = `${module} ${name}`;
    const known = this.#added.get(key);
    if (known !== undefined) return known;
    const local = this.#source.freshName(name);
    this.#added.set(key, local);
    this.#add(module, name, local, ofModule);
    return local;
  }

  #add(module: string, name: string, local: string, ofModule: readonly Import[]): void {
    const { isModule, quote, semicolon, newline, program } = this.#source;
    const named = local === name ? name : isModule ? `${name} as ${local}` : `${name}: ${local}`;
    const last = ofModule.find((one) => one.last !== undefined)?.last;
    if (last !== undefined) {
      this.#source.change(last.end ?? 0, last.end ?? 0, `, ${named}`);
      return;
    }
    const from = `${quote}node:${module}${quote}`;
    const line = isModule ? `import { ${named} } from ${from}${semicolon}` : `const { ${named} } = require(${from})${semicolon}`;
    const after = program.body.findLast((one) => importsIn(one).length > 0) ?? program.directives.at(-1);
    if (after === undefined) {
      const start = program.body[0]?.start ?? 0;
      this.#source.change(start, start, `${line}${newline}`);
    } else this.#source.change(after.end ?? 0, after.end ?? 0, `${newline}${line}`);
  }
}

const withoutScheme = (module: string): string => module.replace(/^node:/, '');

function importsIn(one: t.Statement): Import[] {
  if (one.type === 'ImportDeclaration') {
    if (one.importKind === 'type') return [];
    const names = new Map<string, string>();
    let last: t.Node | undefined;
    for (const specifier of one.specifiers) {
      if (specifier.type !== 'ImportSpecifier') names.set('*', specifier.local.name);
      else if (specifier.importKind !== 'type') {
        names.set(specifier.imported.type === 'Identifier' ? specifier.imported.name : specifier.imported.value, specifier.local.name);
        last = specifier;
      }
    }
    return [{ module: withoutScheme(one.source.value), names, ...(last && { last }) }];
  }
  if (one.type !== 'VariableDeclaration') return [];
  return one.declarations.flatMap(({ id, init }): Import[] => {
    const required = init && requiredIn(init);
    if (required == null) return [];
    const { module, property } = required;
    if (id.type === 'Identifier') {
      // `const fs = require('fs').promises` is the module fs/promises.
      return [{ module: property === undefined ? module : `${module}/${property}`, names: new Map([['*', id.name]]) }];
    }
    if (id.type !== 'ObjectPattern' || property !== undefined) return [];
    const pairs = id.properties.flatMap((pair): [string, string][] =>
      pair.type === 'ObjectProperty' && pair.key.type === 'Identifier' && pair.value.type === 'Identifier'
        ? [[pair.key.name, pair.value.name]]
        : [],
    );
    const last = id.properties.at(-1);
    return [{ module, names: new Map(pairs), ...(last?.type === 'ObjectProperty' && { last }) }];
  });
}

/** `require('fs')`, `require('fs').promises`. */
function requiredIn(init: t.Expression): { readonly module: string; readonly property?: string } | undefined {
  if (init.type === 'MemberExpression' && init.property.type === 'Identifier' && init.object.type === 'CallExpression') {
    const inner = requiredIn(init.object);
    return inner && { ...inner, property: init.property.name };
  }
  if (init.type !== 'CallExpression' || init.callee.type !== 'Identifier' || init.callee.name !== 'require') return undefined;
  const [argument] = init.arguments;
  return argument?.type === 'StringLiteral' ? { module: withoutScheme(argument.value) } : undefined;
}
