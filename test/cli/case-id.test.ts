import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { parseCaseId } from '../../harness/cli/case-id.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import { variantOf } from '../lab/cells.ts';

describe('a case id is read', () => {
  const fault = (...faults: readonly object[]): object => ({ fault: { kind: 'faults', faults } });
  const turns = [
    { task: 0, steps: 5 },
    { task: 1, steps: 2 },
  ];
  test.each<[string, string, unknown]>([
    ['a/b', 'process-kill@0', { at: { op: 0 }, detail: '' }],
    ['my.store_1/own-one', 'process-kill@14', { at: { op: 14 }, detail: '' }],
    ['a/b', 'process-kill@7~torn=4096', { at: { op: 7, bytes: 4096 }, detail: '' }],
    ['a/b', 'power-loss:ext4-noauto@12', { at: { op: 12 }, detail: '' }],
    ['a/b', 'power-loss:ext4-noauto@12~lost=7.2+9', { at: { op: 12 }, detail: 'lost=7.2+9' }],
    ['a/b', 'power-loss:ext4-noauto@12~lost512=7', { at: { op: 12 }, detail: 'lost512=7' }],
    ['a/b', 'power-loss:ext4-noauto@1~tree=0123456789abcdef', { at: { op: 1 }, detail: 'tree=0123456789abcdef' }],
    ['a/b', 'power-cut:xfs@3~sync=2', { at: { op: 3 }, detail: 'sync=2' }],
    [
      'a/b',
      'process-kill@7~torn=9~then=2~torn=3',
      { at: { op: 7, bytes: 9 }, detail: '', second: { at: { op: 2, bytes: 3 }, detail: '' } },
    ],
    [
      'a/b',
      'power-loss:ext4-noauto@7~lost=3~then=2~lost=1',
      { at: { op: 7 }, detail: 'lost=3', second: { at: { op: 2 }, detail: 'lost=1' } },
    ],
    ['a/b', 'io-error@2~EMFILE', fault({ kind: 'errno', op: 2, errno: 'EMFILE' })],
    ['a/b', 'io-error@7~short=100', fault({ kind: 'short', op: 7, bytes: 100 })],
    ['a/b', 'io-error@7~ENOSPC+', fault({ kind: 'full', op: 7 })],
    ['a/b', 'io-error@2~EMFILE~then=5~EIO', fault({ kind: 'errno', op: 2, errno: 'EMFILE' }, { kind: 'errno', op: 5, errno: 'EIO' })],
    ['a/b', 'io-error:windows@2~EPERM+', fault({ kind: 'in-use', op: 2, lasts: true })],
    [
      'a/b',
      'io-error@9~EIO~dropped=xfs.14.lost=7',
      { fault: { kind: 'dropped', op: 9, cut: { profile: 'xfs', boundary: 14, detail: 'lost=7' } } },
    ],
    [
      'a/b',
      'io-error@9~lie=btrfs.14.lost=7+9.1',
      { fault: { kind: 'lie', op: 9, cut: { profile: 'btrfs', boundary: 14, detail: 'lost=7+9.1' } } },
    ],
    ['a/b', 'interleaving@7~a5.b2', { schedule: turns }],
    ['a/b', 'interleaving@7~a5.b2~crash', { schedule: turns, crashAfter: 7 }],
    ['a/b', 'race@7~a5.b2', { schedule: turns }],
    ['a/b', 'race@7~a5.b2~kill=a', { schedule: turns, kill: 0 }],
    [
      'a/b',
      'process-kill@5~history=s1.u2.c3.l',
      {
        at: { op: 5 },
        detail: '',
        history: [{ kind: 'save', value: 1 }, { kind: 'update', key: 2 }, { kind: 'crash', after: 3 }, { kind: 'reload' }],
      },
    ],
    ['a/b', 'process-kill@5~history=s1~torn=4096', { at: { op: 5, bytes: 4096 }, detail: '', history: [{ kind: 'save', value: 1 }] }],
    [
      'a/b',
      'io-error@5~history=s1.z~EIO',
      { ...fault({ kind: 'errno', op: 5, errno: 'EIO' }), history: [{ kind: 'save', value: 1 }, { kind: 'reset' }] },
    ],
  ])('%s/%s', (cell, rest, only) => {
    const [store, scenario] = cell.split('/');
    expect(parseCaseId(`${cell}/${rest}`)).toEqual({ store, scenario, variant: variantOf(rest.split('@')[0] ?? ''), only });
  });
});

describe('cannot be parsed', () => {
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
    'a/b/power-loss:zfs@1',
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
    '../replace/process-kill@1',
    'a/../process-kill@1',
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
