import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attributesHere } from '../../harness/machine/attributes.ts';
import { freshDirectory } from '../lab/temporary.ts';

const NAME = 'user.crash-matrix';

test.runIf(process.platform === 'linux')('an attribute belongs to a file, and goes with it', () => {
  const attributes = attributesHere();
  const file = join(freshDirectory(), 'file');
  writeFileSync(file, '');
  attributes?.set(file, NAME, 'kept');
  expect(attributes?.get(file, NAME)).toBe('kept');
  rmSync(file);
  expect(attributes?.get(file, NAME)).toBeUndefined();
  writeFileSync(file, '');
  expect(attributes?.get(file, NAME)).toBeUndefined();
});

test.runIf(process.platform === 'linux')('what a file system refuses is said', () => {
  const refused = expect.objectContaining({
    message: expect.stringContaining('no extended attribute for /proc/self/status'),
    code: expect.stringMatching(/^E[A-Z]+$/),
  });
  expect(() => attributesHere()?.set('/proc/self/status', NAME, 'kept')).toThrow(refused);
});

test('other systems have none', () => {
  expect(attributesHere('darwin')).toBeUndefined();
});
