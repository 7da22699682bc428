/** Which faults a recorded run has, and how they are named. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import type { Outcome } from '../../../harness/domain/store.ts';
import type { OpenFlag } from '../../../harness/domain/trace.ts';
import { waysToCrash } from '../../../harness/models/io-error/crash-after.ts';
import { type FaultCase, faultId, type OpFault, parseFault } from '../../../harness/models/io-error/fault-id.ts';
import type { FaultyRun } from '../../../harness/models/io-error/fault-runs.ts';
import { secondFaults } from '../../../harness/models/io-error/second-faults.ts';
import { singleFaults, windowsFaults, withFirstErrnos } from '../../../harness/models/io-error/single-faults.ts';
import { type OpSketch, traceOf } from '../../lab/traces.ts';

const FILES = treeOf({ live: 'old', temp: 'new', dir: { directory: 0o700 } });
type Sketch = OpSketch & { readonly flags?: readonly OpenFlag[]; readonly via?: string };

const detailsOf = (...ops: readonly Sketch[]): string[] =>
  singleFaults(traceOf({ before: FILES, ops })).map((fault) => faultId({ kind: 'faults', faults: [fault] }).replace(/^@\d+~/, ''));

const byName = ['EIO', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];
const newName = [...byName, 'ENAMETOOLONG'];
const range = { offset: 0, length: 10 };

test('with first errnos, an op fails with one errno, and in every other way', () => {
  const ops = [
    { call: 'mkdir', path: 'other' },
    { call: 'write', path: 'live', range },
  ] as const;
  const trace = traceOf({ before: FILES, ops });
  const faults = withFirstErrnos(singleFaults(trace), trace, 'first');
  expect(faults.map((fault) => faultId({ kind: 'faults', faults: [fault] }))).toEqual([
    '@1~EIO',
    '@1~ENOSPC+',
    '@2~EIO',
    '@2~short=5',
    '@2~ENOSPC+',
    '@2~ENOSPC+5',
  ]);
});

test('with those of fallbacks, renames and links also fail with each errno for which a store may go another way', () => {
  const ops = [
    { call: 'unlink', path: 'temp' },
    { call: 'rename', path: 'temp', to: 'live' },
  ] as const;
  const trace = traceOf({ before: FILES, ops });
  const idsWith = (errnos: 'first' | 'fallbacks'): string[] =>
    withFirstErrnos(singleFaults(trace), trace, errnos).map((fault) => faultId({ kind: 'faults', faults: [fault] }));
  expect(idsWith('first')).toEqual(['@1~EIO', '@2~EIO']);
  expect(idsWith('fallbacks')).toEqual(['@1~EIO', ...['EIO', 'EACCES', 'EPERM', 'EXDEV', 'EBUSY'].map((errno) => `@2~${errno}`)]);
});

describe('the errnos of each op', () => {
  test.each<[string, Sketch, readonly string[]]>([
    ['open to read', { call: 'open', path: 'live', flags: ['read'] }, ['EIO', 'EACCES', 'EMFILE']],
    ['open of a directory', { call: 'open', path: '.', flags: ['read', 'directory'] }, ['EIO', 'EACCES', 'EMFILE']],
    ['open to write', { call: 'open', path: 'live', flags: ['write'] }, ['EIO', 'EACCES', 'EMFILE', 'EROFS', 'EPERM']],
    [
      'open that creates',
      { call: 'open', path: 'other', flags: ['write', 'create'] },
      ['EIO', 'EACCES', 'EMFILE', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENAMETOOLONG', 'ENOSPC+'],
    ],
    ['a probe that found nothing', { call: 'open', path: 'other', flags: ['read'], error: 'ENOENT' }, ['EIO', 'EACCES', 'EMFILE']],
    [
      'an exclusive open that found something',
      { call: 'open', path: 'live', flags: ['write', 'create', 'exclusive'], error: 'EEXIST' },
      ['EIO', 'EACCES', 'EMFILE'],
    ],
    ['close of what was read', { call: 'close', path: 'live' }, ['EIO']],
    ['read', { call: 'read', path: 'live', range }, ['EIO', 'short=1']],
    ['read of what is not there any more', { call: 'read', path: 'other', range }, ['EIO']],
    ['write', { call: 'write', path: 'live', range }, ['EIO', 'ENOSPC', 'EDQUOT', 'short=5', 'ENOSPC+', 'ENOSPC+5']],
    ['copy', { call: 'copy', path: 'live', range }, ['EIO', 'EPERM', 'ENOSPC', 'EDQUOT', 'short=5', 'ENOSPC+', 'ENOSPC+5']],
    [
      'copy of nothing more',
      { call: 'copy', path: 'live', range: { offset: 10, length: 0 } },
      ['EIO', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOSPC+'],
    ],
    ['allocate', { call: 'allocate', path: 'live' }, ['EIO', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOSPC+']],
    ['ftruncate', { call: 'truncate', path: 'live', via: 'ftruncate' }, ['EIO', 'EPERM']],
    ['truncate', { call: 'truncate', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['fsync of a directory', { call: 'fsync', path: '.' }, ['EIO']],
    ['rename over', { call: 'rename', path: 'temp', to: 'live' }, [...byName, 'EXDEV', 'EBUSY']],
    ['rename', { call: 'rename', path: 'temp', to: 'other' }, [...newName, 'EXDEV', 'EBUSY', 'ENOSPC+']],
    ['link', { call: 'link', path: 'live', to: 'other' }, [...newName, 'EXDEV', 'EMLINK', 'ENOSPC+']],
    ['a link that was refused', { call: 'link', path: 'live', to: 'temp', error: 'EEXIST' }, ['EIO', 'EACCES']],
    ['symlink', { call: 'symlink', path: 'text', to: 'other' }, [...newName, 'ENOSPC+']],
    ['mkdir', { call: 'mkdir', path: 'other' }, [...newName, 'ENOSPC+']],
    ['mknod', { call: 'mknod', path: 'other' }, [...newName, 'ENOSPC+']],
    ['unlink', { call: 'unlink', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['rmdir', { call: 'rmdir', path: 'dir' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['chmod', { call: 'chmod', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['fchmod', { call: 'chmod', path: 'live', via: 'fchmod' }, ['EIO', 'EPERM', 'EROFS']],
    ['chown', { call: 'chown', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['utimes', { call: 'utimes', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS']],
    ['setxattr', { call: 'xattr', path: 'live' }, ['EIO', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']],
    ['stat', { call: 'stat', path: 'live' }, ['EIO', 'EACCES']],
    ['fstat', { call: 'stat', path: 'live', via: 'fstat' }, ['EIO']],
    ['access', { call: 'access', path: 'live' }, ['EIO', 'EACCES']],
    ['readlink', { call: 'readlink', path: 'live' }, ['EIO', 'EACCES']],
    ['getdents64', { call: 'readdir', path: '.', via: 'getdents64' }, ['EIO']],
    ['readdir of the binding', { call: 'readdir', path: '.' }, ['EIO', 'EACCES', 'EMFILE']],
    ['flock', { call: 'lock', path: 'live', via: 'flock' }, ['ENOLCK', 'EIO']],
    ['flock that lets go', { call: 'unlock', path: 'live', via: 'flock' }, []],
    [
      'open of a file without a name',
      { call: 'open', path: '.', flags: ['write', 'tmpfile'] },
      ['EIO', 'EACCES', 'EMFILE', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOSPC+'],
    ],
  ])('%s', (_, op, expected) => expect(detailsOf(op)).toEqual(expected));

  test('of the reads of an open file the first is short', () => {
    const open: Sketch = { call: 'open', path: 'live', flags: ['read'] };
    const read: Sketch = { call: 'read', path: 'live' };
    const trace = traceOf({ before: FILES, ops: [open, read, read, open, read] });
    const short = singleFaults(trace).filter(({ kind }) => kind === 'short');
    expect(short).toEqual([2, 5].map((op) => ({ kind: 'short', op, bytes: 1 })));
    const empty = traceOf({ before: treeOf({ live: '1' }), ops: [read] });
    expect(singleFaults(empty).some(({ kind }) => kind === 'short')).toBe(false);
  });

  test('close and fsync tell of a full disk once something was written', () => {
    const ops: Sketch[] = [
      { call: 'write', path: 'live', range: { offset: 0, length: 1 } },
      { call: 'fsync', path: 'live' },
      { call: 'close', path: 'live' },
    ];
    const space = ['EIO', 'ENOSPC', 'EDQUOT'];
    expect(detailsOf(...ops)).toEqual(['EIO', 'ENOSPC', 'EDQUOT', 'ENOSPC+', ...space, 'EIO~lost=1', ...space]);
  });

  test('close and fsync lose what was written since the last call that forced it, and nothing where there is none', () => {
    const losses = (...sketches: readonly Sketch[]): string[] => {
      const trace = traceOf({ before: FILES, ops: sketches });
      const ops = trace.ops.map((op) => ({ ...op, file: { ...op.file, id: op.file.path === 'live' ? 1 : 2 } }));
      return singleFaults({ ...trace, ops }).flatMap((fault) =>
        fault.kind === 'lost' ? [faultId({ kind: 'faults', faults: [fault] })] : [],
      );
    };
    const write = (path = 'live'): Sketch => ({ call: 'write', path, range });
    const close = (path = 'live'): Sketch => ({ call: 'close', path });
    const force = (call: 'fsync' | 'fdatasync' | 'truncate'): Sketch => ({ call, path: 'live' });
    expect(losses(write(), write(), close())).toEqual(['@3~EIO~lost=1']);
    expect(losses(write('temp'), close())).toEqual([]);
    expect(losses(write(), force('fsync'), close())).toEqual(['@2~EIO~lost=1']);
    expect(losses(write(), force('fdatasync'), write(), close(), close())).toEqual(['@2~EIO~lost=1', '@4~EIO~lost=3']);
    expect(losses(write(), force('truncate'), close())).toEqual([]);
    expect(losses(write(), { call: 'open', path: 'live', flags: ['write', 'truncate'] }, close())).toEqual([]);
    expect(losses({ ...write(), error: 'EIO' }, close(), write(), { ...close(), error: 'EIO' })).toEqual([]);
  });
});

test('on Windows what replaces or removes a file is refused, once and for good', () => {
  const ops: Sketch[] = [
    { call: 'rename', path: 'temp', to: 'live' },
    { call: 'rename', path: 'live', to: 'free' },
    { call: 'unlink', path: 'gone', error: 'ENOENT' },
    { call: 'unlink', path: 'temp' },
  ];
  const ids = windowsFaults(traceOf({ before: FILES, ops })).map((fault) => faultId({ kind: 'faults', faults: [fault] }));
  expect(ids).toEqual(['@1~EPERM', '@1~EPERM+', '@4~EPERM', '@4~EPERM+']);
});

describe('ids', () => {
  const cut = { profile: 'ext4-noauto', boundary: 14, detail: 'lost512=7.2+9' } as const;
  test.each<[string, FaultCase, 'windows'?]>([
    ['@2~EMFILE', { kind: 'faults', faults: [{ kind: 'errno', op: 2, errno: 'EMFILE' }] }],
    ['@7~short=100', { kind: 'faults', faults: [{ kind: 'short', op: 7, bytes: 100 }] }],
    ['@9~EIO~lost=7', { kind: 'faults', faults: [{ kind: 'lost', op: 9, since: 7, errno: 'EIO' }] }],
    ['@7~ENOSPC+', { kind: 'faults', faults: [{ kind: 'full', op: 7 }] }],
    ['@2~EMFILE~times=4', { kind: 'faults', faults: [{ kind: 'errno', op: 2, errno: 'EMFILE', times: 4 }] }],
    ['@7~ENOSPC+~freed', { kind: 'faults', faults: [{ kind: 'full', op: 7, until: 'settled' }] }],
    ['@7~ENOSPC+100~freed', { kind: 'faults', faults: [{ kind: 'full', op: 7, room: 100, until: 'settled' }] }],
    ['@7~EROFS+', { kind: 'faults', faults: [{ kind: 'read-only', op: 7 }] }],
    ['@7~ENOSPC+100', { kind: 'faults', faults: [{ kind: 'full', op: 7, room: 100 }] }],
    ['@12~EPERM+', { kind: 'faults', faults: [{ kind: 'in-use', op: 12, lasts: true }] }, 'windows'],
    ['@12~EPERM', { kind: 'faults', faults: [{ kind: 'in-use', op: 12, lasts: false }] }, 'windows'],
    [
      '@7~ENOSPC+100~then=9~EIO',
      {
        kind: 'faults',
        faults: [
          { kind: 'full', op: 7, room: 100 },
          { kind: 'errno', op: 9, errno: 'EIO' },
        ],
      },
    ],
    ['@8~EXDEV~kill=12', { kind: 'then-crash', fault: { kind: 'errno', op: 8, errno: 'EXDEV' }, crash: { how: 'kill', boundary: 12 } }],
    [
      '@8~EXDEV~cut=ext4-noauto.14.lost512=7.2+9',
      { kind: 'then-crash', fault: { kind: 'errno', op: 8, errno: 'EXDEV' }, crash: { how: 'cut', cut } },
    ],
    ['@9~EIO~dropped', { kind: 'dropped', op: 9 }],
    ['@9~EIO~dropped=ext4-noauto.14.lost512=7.2+9', { kind: 'dropped', op: 9, cut }],
    ['@9~lie=xfs.14', { kind: 'lie', op: 9, cut: { profile: 'xfs', boundary: 14, detail: '' } }],
  ])('%s', (id, one, profile) => {
    expect(faultId(one)).toBe(id);
    expect(id).toMatch(/^@\d+~[\w.+=~-]+$/);
    const [, op = '', detail = ''] = /^@(\d+)~(.*)$/.exec(id) ?? [];
    expect(parseFault(Number(op), detail, profile)).toEqual(one);
  });

  test.each([
    '',
    'EWHAT',
    'short=',
    'ENOSPC+x',
    'EIO~then=',
    'EIO~then=3',
    'EIO~dropped=zfs.3',
    'EIO~lost',
    'EIO~times=1',
    'EIO~times=',
    'EWHAT~times=2',
    'ENOSPC~freed',
    'EROFS+1',
    'EIO~lost=3',
    'EWHAT~lost=1',
    'lie=ext4',
    'lost=7',
    'eio',
  ])('"%s" names no fault', (detail) => {
    expect(parseFault(3, detail)).toBeUndefined();
  });
});

describe('second faults', () => {
  /** A run whose first fault came at op 1, and that went on with these calls. */
  const run = (
    first: string,
    rejected: boolean,
    ...calls: readonly ('unlink' | 'stat' | 'rename')[]
  ): Parameters<typeof secondFaults>[0][number] => {
    const ops = [
      { call: 'write', path: 'live' } as const,
      ...calls.map((call) => ({ call, path: 'live', ...(call === 'rename' && { to: 'free' }) })),
    ];
    const trace = traceOf({ before: FILES, ops, marks: [{ kind: rejected ? 'rejected' : 'resolved', step: 0, afterOp: ops.length }] });
    const faulty: FaultyRun = { faults: [], alone: true, trace, ending: { kind: 'settled' }, settled: FILES };
    return { run: faulty, first: { kind: 'errno', op: 1, errno: first } };
  };
  const idsOf = (runs: Parameters<typeof secondFaults>[0], most: number): [string[], number] => {
    const { faults, of } = secondFaults(runs, most);
    return [faults.map((two) => faultId({ kind: 'faults', faults: two })), of];
  };

  test('each op of each way that a store takes fails, with one errno; the first fault that led there stands for all', () => {
    expect(idsOf([run('EIO', true, 'unlink', 'stat'), run('ENOSPC', true, 'unlink', 'stat'), run('EDQUOT', true, 'stat')], 10)).toEqual([
      ['@1~EDQUOT~then=2~EIO', '@1~EIO~then=2~EIO', '@1~EIO~then=3~EIO'],
      3,
    ]);
  });

  test('where there are too many, each way has its share, and ways on which a step was rejected come first', () => {
    const runs = [run('EIO', false, 'stat', 'stat', 'stat'), run('ENOSPC', true, 'unlink', 'unlink', 'unlink', 'unlink')];
    expect(idsOf(runs, 3)).toEqual([['@1~ENOSPC~then=2~EIO', '@1~ENOSPC~then=3~EIO', '@1~EIO~then=2~EIO'], 7]);
  });

  test('a fallback comes first and whole: what a store does instead of a rename, and then resolves', () => {
    const cleansUp = run('ENOSPC', true, 'unlink', 'unlink');
    const { run: other } = run('EXDEV', false, 'stat', 'unlink', 'stat');
    const [failed, ...rest] = other.trace.ops;
    if (failed === undefined) throw new Error('it has ops');
    const renamed: FaultyRun = { ...other, trace: { ...other.trace, ops: [{ ...failed, call: 'rename' }, ...rest] } };
    expect(idsOf([cleansUp, { run: renamed, first: { kind: 'errno', op: 1, errno: 'EXDEV' } }], 4)).toEqual([
      ['@1~EXDEV~then=2~EIO', '@1~EXDEV~then=3~EIO', '@1~EXDEV~then=4~EIO', '@1~ENOSPC~then=2~EIO'],
      5,
    ]);
  });

  test('crashes follow faults that a store answers with changes that it makes at no other time; not those after which it leaves something out', () => {
    const ways = (...runs: Parameters<typeof secondFaults>[0]): string[] =>
      waysToCrash(
        runs.map((one) => ({ ...one, outcome: 'original' })),
        run('EIO', false, 'unlink').run.trace,
        9,
      ).ways.map(({ first }) => (first.kind === 'errno' ? first.errno : ''));
    expect(ways(run('EIO', false, 'unlink'), run('ENOSPC', true, 'stat', 'unlink'), run('EDQUOT', true))).toEqual([]);
    expect(ways(run('EIO', true, 'rename'), run('ENOSPC', true, 'rename'), run('EPERM', false, 'stat', 'rename'))).toEqual([
      'EPERM',
      'EIO',
    ]);
    const { run: hung, first } = run('EIO', true, 'rename');
    expect(waysToCrash([{ run: { ...hung, ending: { kind: 'hung', because: '' } }, first, outcome: 'hung' }], hung.trace, 9).ways).toEqual(
      [],
    );
  });

  test('crashes follow faults, too, after which a step was rejected and another one changed something: one of each kind of leftovers', () => {
    const then = (outcome: Outcome, errno: string, rejected: boolean, size: number, ...calls: Parameters<typeof run>[2][]) => {
      const { run: made, first } = run(errno, rejected, ...calls);
      const { trace } = made;
      const [mark] = trace.marks;
      const left = new Map([['temp', { kind: 'file', bytes: new Uint8Array(size), mode: 0o600 }]]);
      const marks = mark === undefined ? [] : [{ ...mark, afterOp: 1 }];
      return { run: { ...made, trace: { ...trace, marks, trees: [new Map(), left] } } as FaultyRun, first, outcome };
    };
    const runs = [
      then('original', 'EPERM', false, 0, 'unlink'),
      then('original', 'EDQUOT', true, 0, 'stat'),
      then('original', 'EIO', true, 0, 'unlink'),
      then('original', 'ENOSPC', true, 0, 'unlink'),
      then('original', 'EFBIG', true, 5, 'unlink'),
      then('lost', 'EACCES', true, 6, 'unlink'),
    ];
    const undisturbed = { ...run('EIO', false, 'unlink').run.trace, trees: [new Map()] };
    const errnosOf = (ways: readonly { readonly first: OpFault }[]): string[] =>
      ways.map(({ first }) => (first.kind === 'errno' ? first.errno : ''));
    const tried = (most: number) => {
      const { ways, of } = waysToCrash(runs, undisturbed, most);
      return [errnosOf(ways), of];
    };
    expect(tried(9)).toEqual([['EIO', 'EFBIG'], 2]);
    expect(tried(1)).toEqual([['EIO'], 2]);
  });

  test('ops after the step had settled are none of its way', () => {
    const { run: whole, first } = run('EIO', true, 'unlink', 'stat');
    const [mark] = whole.trace.marks;
    const early = { ...whole, trace: { ...whole.trace, marks: mark === undefined ? [] : [{ ...mark, afterOp: 2 }] } };
    expect(idsOf([{ run: early, first }], 10)).toEqual([['@1~EIO~then=2~EIO'], 1]);
  });
});
