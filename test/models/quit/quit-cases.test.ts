/** Which quits there are of a run, by what the store does when its process ends. */
import { expect, test } from 'vitest';
import type { Tree } from '../../../harness/domain/trace.ts';
import { quitCases } from '../../../harness/models/quit/quit-cases.ts';
import type { QuitSubject } from '../../../harness/models/quit/quit-subject.ts';
import type { QuitNotes } from '../../../harness/protocol/quit-file.ts';
import { recordedSubject } from '../../lab/cells.ts';
import { traceOf } from '../../lab/traces.ts';

const tree = (content: string): Tree => {
  const bytes = Buffer.from(content);
  return new Map([['a', { kind: 'file', mode: 0o600, bytes, hash: content }]]);
};
const save = { kind: 'save', value: {} } as const;
const write = (content: string) => [{ call: 'write', path: 'a' } as const, tree(content)] as const;
const close = { call: 'close', path: 'a' } as const;

/** Two steps: a write each, and a close that changes nothing. */
const TWO = traceOf({ before: tree('A'), ops: [write('B'), close, write('C'), close], resolved: [2, 4] });
/** A step that resolves before anything is written. */
const LATER = traceOf({ before: tree('A'), ops: [write('B')], resolved: [0] });

const ANY_TIME = ['SIGTERM', 'SIGINT', 'exit', 'error', 'rejection'] as const;
const OF_STORE = { quits: ANY_TIME, isProgram: false, listensAt: () => undefined };

function casesOf(trace: typeof TWO, notes: Partial<QuitNotes>, most = 100): string[] {
  const steps = trace.marks.map(() => save);
  const none: QuitNotes = { handled: {}, pending: steps.map(() => false), ranDry: true };
  const subject: QuitSubject = { ...recordedSubject(trace, { steps }), noted: { ...none, ...notes }, ...OF_STORE };
  return quitCases(subject, most).cases.map(({ state, quit, alike, asked }) => {
    const who = asked === undefined ? 'as a kill' : asked.by === 'recorder' ? 'told' : `asks after ${asked.after}`;
    return `${state.points.map(({ op }) => op).join('=')} ${[quit, ...alike].join('+')} ${who}`;
  });
}

const ALL = 'SIGTERM+SIGINT+exit+error+rejection';

test.each<[string, typeof TWO, Partial<QuitNotes>, readonly string[]]>([
  [
    'what nothing handles ends as a kill does, where something changed or was promised',
    TWO,
    {},
    [`0 ${ALL} as a kill`, `1 ${ALL} as a kill`, `2 ${ALL}+end as a kill`, `3 ${ALL} as a kill`, `4 ${ALL}+end as a kill`],
  ],
  [
    'a signal that is handled is sent at every boundary',
    TWO,
    { handled: { SIGINT: '' } },
    [
      '0 SIGTERM+exit+error+rejection as a kill',
      '0 SIGINT told',
      '1 SIGTERM+exit+error+rejection as a kill',
      '1 SIGINT told',
      '2 SIGTERM+exit+error+rejection+end as a kill',
      '2 SIGINT asks after 0',
      '3 SIGTERM+exit+error+rejection as a kill',
      '3 SIGINT told',
      '4 SIGTERM+exit+error+rejection+end as a kill',
      '4 SIGINT asks after 1',
    ],
  ],
  [
    'errors go the way of an exit, and the loop ends by itself after the last step',
    LATER,
    { handled: { exit: '' }, pending: [true] },
    [
      '0 SIGTERM+SIGINT as a kill',
      '0 exit+error+rejection asks after 0',
      '0 end as a kill',
      '1 SIGTERM+SIGINT as a kill',
      '1 exit+error+rejection asks after all',
    ],
  ],
  [
    'rejections go the way of an error',
    LATER,
    { handled: { error: '' } },
    [
      '0 SIGTERM+SIGINT+exit as a kill',
      '0 error+rejection asks after 0',
      '0 end as a kill',
      '1 SIGTERM+SIGINT+exit as a kill',
      '1 error+rejection asks after all',
    ],
  ],
  ['a loop that does not end has no end', LATER, { ranDry: false }, [`0 ${ALL} as a kill`, `1 ${ALL} as a kill`]],
  [
    'what is pending after a step may be written when the loop ends there',
    TWO,
    { pending: [true, true] },
    [
      `0 ${ALL} as a kill`,
      `1 ${ALL} as a kill`,
      `2 ${ALL} as a kill`,
      '2 end asks after 0',
      `3 ${ALL} as a kill`,
      `4 ${ALL}+end as a kill`,
    ],
  ],
])('%s', (_, trace, notes, expected) => {
  expect(casesOf(trace, notes)).toEqual(expected);
});

test('boundaries between which nothing changed are one', () => {
  const trace = traceOf({ before: tree('A'), ops: [close, close, write('B')], resolved: [3] });
  expect(casesOf(trace, {})).toEqual([`0=1=2 ${ALL} as a kill`, `3 ${ALL}+end as a kill`]);
});

test('of too many, those right after a step stay, and the others are spread evenly', () => {
  const told = (most: number) => casesOf(TWO, { handled: { SIGINT: '' } }, most).filter((text) => text.includes('SIGINT'));
  expect(told(5)).toHaveLength(5);
  expect(told(3)).toEqual(['0 SIGINT told', '2 SIGINT asks after 0', '4 SIGINT asks after 1']);
  expect(told(0)).toEqual(['2 SIGINT asks after 0', '4 SIGINT asks after 1']);
});

test('a program is asked by signals, before each op of its first process', () => {
  const trace = traceOf({
    before: tree('A'),
    ops: [write('B'), [{ call: 'write', path: 'a', process: 1 }, tree('C')], close],
    resolved: [3],
  });
  const noted: QuitNotes = { handled: { SIGTERM: '', SIGINT: '' }, pending: [], ranDry: false };
  const subject: QuitSubject = {
    ...recordedSubject(trace, { steps: [save] }),
    noted,
    quits: ['SIGTERM', 'SIGINT'],
    isProgram: true,
    listensAt: () => undefined,
  };
  const { cases } = quitCases(subject, 100);
  expect(cases.map(({ state, quit, asked, alike }) => [state.at.op, quit, asked, alike])).toEqual(
    [0, 2].flatMap((op) => ['SIGTERM', 'SIGINT'].map((quit) => [op, quit, { by: 'recorder' }, []])),
  );
});
