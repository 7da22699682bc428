import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { warmUp } from '../../harness/child/warm-up.ts';

const descriptors = (): string[] => readdirSync('/proc/self/fd').filter((name) => existsSync(`/proc/self/fd/${name}`));

describe.runIf(process.platform === 'linux')('what is compiled before children are forked', () => {
  test('leaves no descriptor, no work and no listener', async () => {
    await warmUp(); // Node starts its threads for files, which stay
    const before = { descriptors: descriptors(), resources: process.getActiveResourcesInfo(), events: process.eventNames() };
    await warmUp();
    expect({ descriptors: descriptors(), resources: process.getActiveResourcesInfo(), events: process.eventNames() }).toEqual(before);
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
