import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { warmUp } from '../../harness/child/warm-up.ts';

const descriptors = (): string[] => readdirSync('/proc/self/fd').filter((name) => existsSync(`/proc/self/fd/${name}`));

/** Takes one of these names out of the list. */
function took(names: string[], name: string): boolean {
  const at = names.indexOf(name);
  if (at >= 0) names.splice(at, 1);
  return at >= 0;
}

describe.runIf(process.platform === 'linux')('what is compiled before children are forked', () => {
  test('leaves no descriptor, no work and no listener', async () => {
    await warmUp(); // Node starts its threads for files, which stay
    const before = { descriptors: descriptors(), events: process.eventNames() };
    const resources = process.getActiveResourcesInfo();
    await warmUp();
    expect({ descriptors: descriptors(), events: process.eventNames() }).toEqual(before);
    expect(process.getActiveResourcesInfo().filter((name) => !took(resources, name))).toEqual([]); // a timer of the test runner may be over
  });

  test('reports no rejection that nobody handled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      await warmUp();
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });
});
