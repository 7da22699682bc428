/** A stream opens its file one turn after its creation. Its creation records the stack for the ops that follow. */
import fs from 'node:fs';
import type { Conductor } from './conductor.ts';
import type { NativeFunction } from './native.ts';
import type { Stacks } from './stack.ts';

export function hookStreams(conductor: Conductor, stacks: Stacks): void {
  const functions = fs as unknown as Record<string, NativeFunction>;
  for (const name of ['createReadStream', 'createWriteStream']) {
    const original = functions[name];
    if (original === undefined) continue;
    functions[name] = function hooked(this: unknown, ...args: unknown[]): unknown {
      if (conductor.wantsStacks) stacks.take(hooked as NativeFunction);
      return Reflect.apply(original, this, args);
    };
  }
}
