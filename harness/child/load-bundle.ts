/**
 * Loads a bundled store inside a child. Children are bundled as CommonJS, so `require` is theirs.
 */
import type { Store, StoreCalls } from '../domain/store.ts';
import { callsOf } from './store-calls.ts';

declare const require: NodeJS.Require;

/** The store of a bundle, as functions. Each call evaluates a CommonJS bundle again, so no module state survives. */
export async function loadBundle(bundle: string): Promise<StoreCalls> {
  return storeOf(await evaluate(bundle));
}

export function storeOf(module: unknown): StoreCalls {
  return callsOf(defaultExport(module) as Store);
}

/** The module's default export, without the wrappers that CommonJS and ES modules add. */
export function defaultExport(module: unknown): unknown {
  let value = module;
  for (let depth = 0; depth < 2 && typeof value === 'object' && value !== null && 'default' in value; depth += 1) value = value.default;
  return value;
}

export async function evaluate(bundle: string): Promise<unknown> {
  if (bundle.endsWith('.mjs')) return import(bundle);
  delete require.cache[bundle];
  return require(bundle);
}
