/** Puts functions in place of those of an object that report each call and then carry it out. */

type AnyFunction = (...args: unknown[]) => unknown;

/** The object whose functions node:fs calls, on Node 20 to 26. A store cannot keep what stands in it for a while. */
export const fsBinding = (process as unknown as { binding(name: string): object }).binding('fs');

/** Leaves out names that are no functions, or that cannot be replaced. Returns a function that undoes it. */
export function reportCalls(owner: object, names: readonly string[], note: (...args: unknown[]) => unknown): () => void {
  const undo = names.map((name) => reportCall(owner, name, note));
  return () => {
    for (const one of undo) one();
  };
}

function reportCall(owner: object, name: string, note: (...args: unknown[]) => unknown): () => void {
  const functions = owner as { [name: string]: AnyFunction };
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  const original = functions[name];
  if (typeof original !== 'function' || descriptor?.configurable === false) return () => {};
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    note(...args);
    // Parts of node:fs that are loaded later take classes from here: `fs.readFile` its `FSReqCallback`.
    return new.target === undefined ? Reflect.apply(original, this, args) : Reflect.construct(original, args);
  };
  const { prototype: _, ...own } = Object.getOwnPropertyDescriptors(original); // symbols, too: `util.promisify` asks for them
  Object.defineProperties(replacement, own);
  Object.defineProperty(owner, name, { value: replacement, configurable: true, writable: true, enumerable: true });
  return () => {
    if (descriptor === undefined) delete functions[name];
    else Object.defineProperty(owner, name, descriptor);
  };
}
