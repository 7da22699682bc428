/** A store's bundle, compiled once and evaluated in the fake for each run. */
import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import type { FakeProcess } from './process.ts';

const GLOBALS = [
  'process',
  'queueMicrotask',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'Date',
  'Math',
  'performance',
  'crypto',
] as const;

/** Evaluates the bundle in a process and returns its exports. Evaluations share no module and no global. */
export type Evaluate = (process: FakeProcess) => unknown;

/** `bundle` is the path of a CommonJS bundle that includes all packages. */
export function compileForFake(bundle: string): Evaluate {
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname', 'globalThis', 'global', '__crashMatrixShared', ...GLOBALS];
  const wrapper = `(function (${parameters.join(', ')}) { `;
  const script = new Script(`${wrapper}${shareNamespaces(readFileSync(bundle, 'utf8'))}\n})`, {
    filename: bundle,
    columnOffset: -wrapper.length,
  });
  const evaluate = script.runInThisContext() as (...args: unknown[]) => void;
  const share = sharing();
  const directory = bundle.slice(0, bundle.lastIndexOf('/'));
  return ({ modules, globals }) => {
    const module = { exports: {} as unknown, id: bundle, filename: bundle, loaded: false, children: [], paths: [] };
    const global = Object.create(globalThis) as { [name: string]: unknown };
    for (const [name, value] of [...Object.entries(globals), ['globalThis', global], ['global', global]] as const)
      Object.defineProperty(global, name, { value, writable: true, configurable: true });
    const require = Object.assign((id: string) => modules(id), { resolve: (id: string) => id, cache: {}, main: undefined });
    evaluate.call(
      module.exports,
      module.exports,
      require,
      module,
      bundle,
      directory,
      global,
      global,
      share,
      ...GLOBALS.map((name) => globals[name]),
    );
    return module.exports;
  };
}

/**
 * For each `import fs from 'node:fs'` esbuild copies all names of `node:fs`, which takes longer than a whole run. A process has the same
 * modules in all its evaluations, so one copy is enough.
 */
function shareNamespaces(source: string): string {
  if (!source.includes('\nvar __toESM = ')) return source;
  return source.replace('\nvar __toCommonJS = ', '\n__toESM = __crashMatrixShared(__toESM); var __toCommonJS = ');
}

/** esbuild's helper, which turns a CommonJS module into an ES module namespace. */
type ToEsm = (module: object, isNodeMode?: number) => object;

function sharing(): (toEsm: ToEsm) => ToEsm {
  const namespaces = new WeakMap<object, object>();
  return (toEsm) => (module, isNodeMode) => {
    const namespace = namespaces.get(module) ?? toEsm(module, isNodeMode);
    namespaces.set(module, namespace);
    return namespace;
  };
}
