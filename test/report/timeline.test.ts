import { expect, test } from 'vitest';
import type { Mark, Tree } from '../../harness/domain/trace.ts';
import { timeline } from '../../harness/report/timeline.ts';
import { op, picture, renameAwayOps, site } from './fixture.ts';

const ops = [
  op(1, 'write', 'a.tmp', { range: { offset: 0, length: 8192 }, site: site('a', 3) }),
  op(2, 'stat', 'a', { error: 'ENOENT' }),
  op(3, 'fsync', 'a.tmp', { site: site('a', 12) }),
];
const marks: readonly Mark[] = [
  { kind: 'resolved', step: 0, afterOp: 1 },
  { kind: 'rejected', step: 1, afterOp: 3 },
];
const KILL = { crash: 'killed here' };
const shown = (at: { op: number; bytes?: number }, crash: { readonly crash?: string } = KILL): string =>
  timeline({ ops, marks, at, picture: 'ooEn', ...crash }, false);

test('every op, with the kill drawn between them', () => {
  expect(shown({ op: 2 })).toBe(
    [
      '    1  o  write a.tmp 0..8192     src/a.ts:3',
      '  ── step 1 resolved ──',
      '    2  E  stat a failed: ENOENT',
      '  ── killed here, after op 2 ──',
      '    3  n  fsync a.tmp             src/a.ts:12',
      '  ── step 2 rejected ──',
    ].join('\n'),
  );
});

test('a kill comes after what settled before the next op, and inside an op before it', () => {
  expect(shown({ op: 1 }).split('\n').slice(1, 3)).toEqual(['  ── step 1 resolved ──', '  ── killed here, after op 1 ──']);
  expect(shown({ op: 1, bytes: 4096 }).split('\n').slice(1, 3)).toEqual([
    '  ── killed here, 4,096 bytes into op 1 ──',
    '  ── step 1 resolved ──',
  ]);
  expect(shown({ op: 0 }).split('\n')[0]).toBe('  ── killed here, before op 1 ──');
  expect(shown({ op: 3 }, {}).split('\n').slice(-2)).toEqual(['  ── step 2 rejected ──', '  ── the run ended here; nothing was killed ──']);
  expect(shown({ op: 2 }, { crash: 'the power went here' })).toContain('\n  ── the power went here, after op 2 ──\n');
});

test('what comes after the kill is dimmed, and only that', () => {
  const lines = timeline({ ops, marks, ...KILL, at: { op: 2 }, picture: '' }, true).split('\n');
  expect(lines.map((line) => line.startsWith('\u001b[2m'))).toEqual([false, false, false, false, true, true]);
  const inside = timeline({ ops, marks, ...KILL, at: { op: 1, bytes: 4096 }, picture: '' }, true).split('\n');
  expect(inside.map((line) => line.startsWith('\u001b[2m'))).toEqual([false, false, true, true, true, true]);
});

test('changes on disk, letters inside ops and the kinds of steps are shown where they are known', () => {
  const [one, two]: Tree[] = [new Map(), new Map()];
  if (one === undefined || two === undefined) throw new Error('no trees');
  const boundaries = [{ op: 0 }, { op: 1, bytes: 1 }, { op: 1, bytes: 2 }, { op: 1 }, { op: 2 }, { op: 3 }];
  const lines = timeline(
    { ops, marks, at: { op: 3 }, picture: 'oUUnnn', boundaries, trees: [one, two, two, two], steps: [{ kind: 'save', value: {} }] },
    false,
  ).split('\n');
  expect(lines[0]).toBe('  * 1  Un  write a.tmp 0..8192     src/a.ts:3');
  expect(lines[1]).toBe('  ── step 1 (save) resolved ──');
  expect(lines[2]).toBe('    2  n   stat a failed: ENOENT');
});

test('a whole run of rename-away', async () => {
  const run = { ops: renameAwayOps(), marks: [{ kind: 'resolved', step: 0, afterOp: 19 } as const], picture: picture('o*9 E*6 n*5') };
  await expect(`${timeline({ ...run, ...KILL, at: { op: 9 } }, false)}\n`).toMatchFileSnapshot('timeline.txt');
});
