import type { Loaded } from './recovery.ts';
import type { Json } from './trace.ts';

/**
 * A loaded value as JSON. Refuses values that JSON would silently change (a Map becomes `{}`, NaN becomes null), because the judge
 * would see another value than the store returned.
 */
export function toJson(value: unknown): Extract<Loaded, { kind: 'loaded' | 'not-json' }> {
  if (value === undefined) return { kind: 'loaded' };
  const culprit = firstNonJson(value, '', new Set());
  return culprit === undefined ? { kind: 'loaded', value: value as Json } : { kind: 'not-json', what: culprit };
}

function firstNonJson(value: unknown, path: string, ancestors: Set<object>): string | undefined {
  const at = path === '' ? '' : ` at ${path}`;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}${at}`;
    case 'undefined':
      return undefined; // JSON leaves the property out, as in any store that serializes
    case 'object':
      break;
    default:
      return `a ${typeof value}${at}`;
  }
  if (value === null) return undefined;
  if (ancestors.has(value)) return `a value that contains itself${at}`;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const plain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain) return `a ${prototype?.constructor.name ?? 'n object without a class'}${at}`;
  if (Array.isArray(value) && Array.from(value).includes(undefined)) return `a list with a hole${at}`; // JSON turns the hole into null
  ancestors.add(value);
  for (const [key, item] of Object.entries(value)) {
    const culprit = firstNonJson(item, path === '' ? key : `${path}.${key}`, ancestors);
    if (culprit !== undefined) return culprit;
  }
  ancestors.delete(value);
  return undefined;
}
