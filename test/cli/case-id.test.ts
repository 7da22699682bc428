import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { type CaseName, parseCaseId } from '../../harness/cli/case-id.ts';
import { UsageError } from '../../harness/domain/errors.ts';

describe('a case id is read', () => {
  const kill = { choice: { model: 'process-kill' }, model: 'process-kill' } as const;
  const loss = { choice: { model: 'power-loss', profile: 'ext4-noauto' }, model: 'power-loss:ext4-noauto' } as const;
  const cut = { choice: { model: 'power-cut', profile: 'xfs' }, model: 'power-cut:xfs' } as const;
  test.each<[string, Partial<CaseName>]>([
    ['a/b/process-kill@0', { ...kill, state: { at: { op: 0 }, detail: '' } }],
    ['my.store_1/own-one/process-kill@14', { store: 'my.store_1', scenario: 'own-one', ...kill, state: { at: { op: 14 }, detail: '' } }],
    ['a/b/process-kill@7~torn=4096', { ...kill, state: { at: { op: 7, bytes: 4096 }, detail: '' } }],
    ['a/b/power-loss:ext4-noauto@12', { ...loss, state: { at: { op: 12 }, detail: '' } }],
    ['a/b/power-loss:ext4-noauto@12~lost=7.2+9', { ...loss, state: { at: { op: 12 }, detail: 'lost=7.2+9' } }],
    ['a/b/power-loss:ext4-noauto@12~lost512=7', { ...loss, state: { at: { op: 12 }, detail: 'lost512=7' } }],
    ['a/b/power-loss:ext4-noauto@1~tree=0123456789abcdef', { ...loss, state: { at: { op: 1 }, detail: 'tree=0123456789abcdef' } }],
    ['a/b/power-cut:xfs@3~sync=2', { ...cut, state: { at: { op: 3 }, detail: 'sync=2' } }],
    [
      'a/b/process-kill@7~torn=9~then=2~torn=3',
      { ...kill, state: { at: { op: 7, bytes: 9 }, detail: '', second: { at: { op: 2, bytes: 3 }, detail: '' } } },
    ],
    [
      'a/b/power-loss:ext4-noauto@7~lost=3~then=2~lost=1',
      { ...loss, state: { at: { op: 7 }, detail: 'lost=3', second: { at: { op: 2 }, detail: 'lost=1' } } },
    ],
    ...(
      [
        ['io-error', 2, 'EMFILE'],
        ['io-error', 7, 'short=100'],
        ['io-error', 7, 'ENOSPC+'],
        ['io-error', 2, 'EMFILE~then=5~EIO'],
        ['io-error', 9, 'EIO~dropped=xfs.14.lost=7'],
        ['io-error', 9, 'lie=btrfs.14.lost=7+9.1'],
        ['interleaving', 7, 'a5.b2'],
        ['interleaving', 7, 'a5.b2~crash'],
        ['race', 7, 'a5.b2'],
        ['race', 7, 'a5.b2~kill=a'],
        ['process-kill', 5, 'history=s1.u2.c3.l'],
        ['process-kill', 5, 'history=s1~torn=4096'],
        ['io-error', 5, 'history=s1.z~EIO'],
      ] as const
    ).map(([model, op, detail]): [string, Partial<CaseName>] => [
      `a/b/${model}@${op}~${detail}`,
      { choice: { model }, model, state: { at: { op }, detail } },
    ]),
  ])('%s', (text, name) => {
    expect(parseCaseId(text)).toEqual({ store: 'a', scenario: 'b', ...name });
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
    'a/b/process-kill@1~then=',
    'a/b/process-kill@1~then=2~lost=3',
    'a/b/process-kill:xfs@1',
    'a/b/power-loss@1',
    'a/b/power-loss:ntfs@1',
    'a/b/power-loss:xfs@1~torn=3',
    'a/b/power-loss:xfs@1~lost=../x',
    'a/b/power-cut:xfs@1~lost=3',
    'a/b/io-error@2',
    'a/b/io-error@2~ENOMEM!',
    'a/b/io-error@2~lost=3',
    'a/b/interleaving@7',
    'a/b/interleaving@7~a5.z9',
    'a/b/interleaving@7~a5~kill=a',
    'a/b/race@7~a5~crash',
    'a/b/race@7~a5~kill=z',
    'a/b/process-kill@5~history=',
    'a/b/process-kill@5~history=q7',
    'a/b/process-kill@5~history=s1~EIO',
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
    fc.pre(!/^[\w.-]+\/[\w.-]+\/[a-z-]+(:[a-z0-9-]+)?@\d+(~[a-z0-9]+=[0-9a-f.+]+)*$/.test(text));
    expect(() => parseCaseId(text)).toThrow(UsageError);
  });
});
