/**
 * Evaluates a bundled store thousands of times in one process; reads and compiles it once. Stack traces show lines of the bundle, not of
 * the source: for errors that users see, use `load-bundle.ts`.
 */
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin, Module } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';
import type { StoreCalls } from '../domain/store.ts';
import { loadBundle, storeOf } from './load-bundle.ts';

/** The store of a bundle. Each call evaluates a CommonJS bundle again, so no module state survives. */
export async function loadCompiled(bundle: string): Promise<StoreCalls> {
  return bundle.endsWith('.mjs') ? loadBundle(bundle) : storeOf(evaluateCompiled(bundle));
}

/** The module of a CommonJS bundle. */
export function evaluateCompiled(bundle: string): unknown {
  const evaluate = compiled.get(bundle) ?? compile(bundle);
  compiled.set(bundle, evaluate);
  return evaluate();
}

const compiled = new Map<string, () => unknown>();

const WRAPPER = '(function (exports, require, module, __filename, __dirname, __crashMatrixShared) { ';

/** Reads and compiles a CommonJS bundle, and returns a function that evaluates it. */
function compile(bundle: string): () => unknown {
  const script = new Script(`${WRAPPER}${shareNamespaces(readFileSync(bundle, 'utf8'))}\n})`, {
    filename: bundle,
    columnOffset: -WRAPPER.length,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const require = noteOwnModules(createRequire(bundle));
  const directory = dirname(bundle);
  return () => {
    const module = new Module(bundle);
    module.filename = bundle;
    script.runInThisContext().call(module.exports, module.exports, require, module, bundle, directory, shared);
    return module.exports;
  };
}

/**
 * For each `import fs from 'node:fs'` esbuild copies all names of `node:fs`, which takes longer than all other work for a crash state.
 * Node's own modules are the same in every evaluation, so one copy is enough. Line numbers do not change.
 */
function shareNamespaces(source: string): string {
  if (!source.includes('\nvar __toESM = ')) return source;
  return source.replace('\nvar __toCommonJS = ', '\n__toESM = __crashMatrixShared(__toESM); var __toCommonJS = ');
}

/** esbuild's helper, which turns a CommonJS module into an ES module namespace. */
type ToEsm = (module: object, isNodeMode?: number) => object;

const nodesOwn = new WeakSet<object>();
const namespaces = new WeakMap<object, object>();

function noteOwnModules(require: NodeJS.Require): NodeJS.Require {
  const noting = (id: string): unknown => {
    const module: unknown = require(id);
    if (isBuiltin(id)) nodesOwn.add(module as object); // all of them are objects or functions
    return module;
  };
  return Object.assign(noting, require);
}

const shared =
  (toEsm: ToEsm): ToEsm =>
  (module, isNodeMode) => {
    if (!nodesOwn.has(module)) return toEsm(module, isNodeMode);
    const namespace = namespaces.get(module) ?? toEsm(module, isNodeMode);
    namespaces.set(module, namespace);
    return namespace;
  };
