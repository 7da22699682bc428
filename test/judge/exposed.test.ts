import { expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { exposure } from '../../harness/judge/exposed.ts';
import { type TraceSketch, traceOf } from '../lab/traces.ts';

const secret = { text: 'A', mode: 0o600 };
const open = { text: 'B', mode: 0o644 };
const live = treeOf({ live: secret });

test.each<[string, TraceSketch, readonly (string | undefined)[]]>([
  [
    'a file that only its owner could read is written again',
    { before: live, ops: [[{ call: 'write', path: 'live' }, treeOf({ live: { text: 'B', mode: 0o600 } })]] },
    [undefined, undefined],
  ],
  [
    'a mode that lets others read',
    { before: live, ops: [[{ call: 'chmod', path: 'live' }, treeOf({ live: { text: 'A', mode: 0o644 } })]] },
    [undefined, 'live'],
  ],
  [
    'a temp file that others can read gets to its place over another name',
    {
      before: live,
      ops: [
        [{ call: 'write', path: 'temp' }, treeOf({ live: { text: 'A', mode: 0o600 }, temp: { text: 'B', mode: 0o644 } })],
        [{ call: 'rename', path: 'temp', to: 'mid' }, treeOf({ live: { text: 'A', mode: 0o600 }, mid: { text: 'B', mode: 0o644 } })],
        [{ call: 'rename', path: 'mid', to: 'live' }, treeOf({ live: { text: 'B', mode: 0o644 } })],
      ],
    },
    [undefined, 'temp', 'mid', 'live'],
  ],
  [
    'a mode that lets the group read',
    { before: live, ops: [[{ call: 'chmod', path: 'live' }, treeOf({ live: { text: 'A', mode: 0o640 } })]] },
    [undefined, 'live'],
  ],
  [
    'a mode that lets others only write',
    { before: live, ops: [[{ call: 'chmod', path: 'live' }, treeOf({ live: { text: 'A', mode: 0o622 } })]] },
    [undefined, undefined],
  ],
  [
    'a temp file that others can read and that is renamed over it',
    {
      before: live,
      ops: [
        [{ call: 'open', path: 'temp' }, treeOf({ live: secret, temp: { text: '', mode: 0o644 } })],
        [{ call: 'write', path: 'temp' }, treeOf({ live: secret, temp: open })],
        [{ call: 'chmod', path: 'temp' }, treeOf({ live: secret, temp: { text: 'B', mode: 0o600 } })],
        [{ call: 'rename', path: 'temp', to: 'live' }, treeOf({ live: { text: 'B', mode: 0o600 } })],
      ],
    },
    [undefined, undefined, 'temp', undefined, undefined],
  ],
  [
    'a temp file that becomes nothing that was there before',
    { before: live, ops: [[{ call: 'write', path: 'temp' }, treeOf({ live: secret, temp: open })]] },
    [undefined, undefined],
  ],
  [
    'a rename that failed',
    {
      before: live,
      ops: [
        [{ call: 'write', path: 'temp' }, treeOf({ live: secret, temp: open })],
        { call: 'rename', path: 'temp', to: 'live', error: 'EPERM' },
      ],
    },
    [undefined, undefined, undefined],
  ],
  [
    'a file that others could always read',
    { before: treeOf({ live: open }), ops: [[{ call: 'write', path: 'live' }, treeOf({ live: { text: 'C', mode: 0o644 } })]] },
    [undefined, undefined],
  ],
  ['a first file has none that it replaces', { ops: [[{ call: 'write', path: 'live' }, treeOf({ live: open })]] }, [undefined, undefined]],
])('%s', (_, sketch, expected) => {
  const trace = traceOf(sketch);
  expect(trace.trees.map(exposure(trace))).toEqual(expected);
});
