import type { Loaded } from './recovery.ts';
import type { Json } from './trace.ts';

/**
 * A loaded value as JSON. Values that JSON would change without a word (a Map becomes `{}`, NaN becomes null) are refused, because the
 * judge would take them for another value than the store returned.
 */
export function toJson(value: unknown): Extract<Loaded, { kind: 'loaded' | 'not-json' }> {
  if (value === undefined) return { kind: 'loaded' };
  const culprit = firstThatIsNotJson(value, '', new Set());
  return culprit === undefined ? { kind: 'loaded', value: value as Json } : { kind: 'not-json', what: culprit };
}

function firstThatIsNotJson(value: unknown, path: string, above: Set<object>): string | undefined {
  const at = path === '' ? '' : ` at ${path}`;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}${at}`;
    case 'undefined':
      return undefined; // a property that JSON leaves out, as every store that serializes does
    case 'object':
      break;
    default:
      return `a ${typeof value}${at}`;
  }
  if (value === null) return undefined;
  if (above.has(value)) return `a value that contains itself${at}`;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const plain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain) return `a ${prototype?.constructor.name ?? 'n object without a class'}${at}`;
  if (Array.isArray(value) && Array.from(value).includes(undefined)) return `a list with a hole${at}`; // JSON makes it null
  above.add(value);
  for (const [key, item] of Object.entries(value)) {
    const culprit = firstThatIsNotJson(item, path === '' ? key : `${path}.${key}`, above);
    if (culprit !== undefined) return culprit;
  }
  above.delete(value);
  return undefined;
}
