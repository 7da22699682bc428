import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { parseCaseId } from '../../harness/cli/case-id.ts';
import { UsageError } from '../../harness/errors.ts';

describe('a case id is read', () => {
  test.each([
    ['a/b/process-kill@0', { store: 'a', scenario: 'b', model: 'process-kill', at: { op: 0 } }],
    ['my.store_1/own-one/process-kill@14', { store: 'my.store_1', scenario: 'own-one', model: 'process-kill', at: { op: 14 } }],
    ['a/b/process-kill@7~torn=4096', { store: 'a', scenario: 'b', model: 'process-kill', at: { op: 7, bytes: 4096 } }],
  ])('%s', (text, name) => {
    expect(parseCaseId(text)).toEqual(name);
  });
});

describe('is none', () => {
  test.each([
    '',
    'a',
    'a/b/process-kill',
    'a/b@1',
    'a/b/process-kill@',
    'a/b/process-kill@-1',
    'a/b/process-kill@1.5',
    'a/b/process-kill@99999999999999999999',
    'a/b/process-kill@1~torn=',
    'a/b/process-kill@1~torn=x',
    'a/b/process-kill@1~lost=3',
    'a/b/process-kill@1 ',
    'a/b/process-kill@1\n',
    ' a/b/process-kill@1',
    'a/b/c/process-kill@1',
    '/a/b/process-kill@1',
    '../../../etc/passwd',
    '../../x',
    'a b/c/process-kill@1',
    'a/b/Process-Kill@1',
    'a/b\0/process-kill@1',
  ])('%j', (text) => {
    expect(() => parseCaseId(text)).toThrow(UsageError);
  });

  law.prop([fc.string()])('nor does any other text get past, whatever it is', (text) => {
    fc.pre(!/^[\w.-]+\/[\w.-]+\/[a-z-]+@\d+(~torn=\d+)?$/.test(text));
    expect(() => parseCaseId(text)).toThrow(UsageError);
  });
});
