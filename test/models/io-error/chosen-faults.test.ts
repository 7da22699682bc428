/** Which of the single faults of a run are tried. */
import { expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import { chosenFaults } from '../../../harness/models/io-error/chosen-faults.ts';
import { faultId } from '../../../harness/models/io-error/fault-id.ts';
import { singleFaults } from '../../../harness/models/io-error/single-faults.ts';
import { traceOf } from '../../lab/traces.ts';

const TRACE = traceOf({
  before: treeOf({ live: 'old', temp: 'new' }),
  ops: [
    { call: 'write', path: 'temp', range: { offset: 0, length: 10 } },
    { call: 'rename', path: 'temp', to: 'live' },
  ],
});

const chosen = (errnos: 'first' | 'all', ...patterns: readonly string[]): [ids: string[], unmet: readonly string[]] => {
  const { faults, unmet } = chosenFaults(singleFaults(TRACE), TRACE, errnos, patterns.length === 0 ? undefined : patterns);
  return [faults.map((fault) => faultId({ kind: 'faults', faults: [fault] })), unmet];
};

const WRITES = ['@1~EIO', '@1~short=5', '@1~ENOSPC+', '@1~ENOSPC+5'];

test.each<[what: string, patterns: readonly string[], ids: readonly string[], unmet: readonly string[]]>([
  ['all, without patterns', [], [...WRITES, '@2~EIO'], []],
  ['those of a call', ['write'], WRITES, []],
  ['those of a path', ['rename:te*'], ['@2~EIO'], []],
  ['those of the other name of a rename', ['rename:live'], ['@2~EIO'], []],
  ['an errno that the effort leaves out', ['rename=EXDEV'], ['@2~EXDEV'], []],
  ['a full disk, once and from then on', ['write=ENOSPC'], ['@1~ENOSPC', '@1~ENOSPC+', '@1~ENOSPC+5'], []],
  ['of several patterns each, in the order of the run', ['rename=EBUSY', 'write=EDQUOT'], ['@1~EDQUOT', '@2~EBUSY'], []],
  ['and patterns that no call is like are told', ['rename:other', 'link', 'write'], WRITES, ['rename:other', 'link']],
])('%s', (_, patterns, ids, unmet) => {
  expect(chosen('first', ...patterns)).toEqual([ids, unmet]);
});

test('the effort says with which errnos, where a pattern does not', () => {
  expect(chosen('all', 'rename:live')[0]).toEqual(
    ['EIO', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EXDEV', 'EBUSY'].map((errno) => `@2~${errno}`),
  );
});
