import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { histories } from '../../harness/generate/draw.ts';
import { encodeHistory, historyDetail, historyInWords, parseHistory, parseHistoryDetail } from '../../harness/generate/history.ts';

describe('a history is spelt', () => {
  law.prop([histories(true)])('so that it is read again', (history) => {
    expect(parseHistory(encodeHistory(history))).toEqual(history);
  });

  law.prop([histories(true)])('with nothing that a shell would take for its own', (history) => {
    expect(historyDetail(history, 'lost=7.2+9')).toMatch(/^history=[a-z0-9.]+~lost=7\.2\+9$/);
  });

  test('in letters and in words', () => {
    const history = parseHistory('s1.u2.c3.l.z.r') ?? [];
    expect(history).toEqual([
      { kind: 'save', value: 1 },
      { kind: 'update', key: 2 },
      { kind: 'crash', after: 3 },
      { kind: 'reload' },
      { kind: 'reset' },
      { kind: 'unchanged' },
    ]);
    expect(historyInWords(history)).toEqual([
      'save v1',
      'update k2',
      'crash after op 3, and load in a new process',
      'end, and load in a new process',
      'reset: save {}',
      'save the same again',
    ]);
  });

  test.each(['', 's', 's0', 's10', 'u0', 'c', 'c1234567', 'x1', 's1.', '.s1', 's1..s2', 's1 ', 'l1', 'S1', 's1~l', 'c-1', 'c1.5x'])(
    'and "%s" cannot be parsed',
    (text) => {
      expect(parseHistory(text)).toBeUndefined();
    },
  );

  test('and at most 100 steps', () => {
    expect(parseHistory(Array.from({ length: 100 }, () => 'z').join('.'))).toHaveLength(100);
    expect(parseHistory(Array.from({ length: 101 }, () => 'z').join('.'))).toBeUndefined();
  });
});

describe('what a case id says after the boundary', () => {
  law.prop([histories(true), fc.constantFrom('', 'lost=10', 'lost512=7.2+9', 'tree=0123456789abcdef', 'torn=4096', '2~EMFILE')])(
    'is read again, with what the model has to say',
    (history, rest) => {
      expect(parseHistoryDetail(historyDetail(history, rest))).toEqual({ history, rest });
    },
  );

  test.each(['', 's1', 'lost=7', 'history=', 'history=x', 'history=s1~', 'history=~lost=7', 'then=history=s1'])(
    'and "%s" says none',
    (text) => {
      expect(parseHistoryDetail(text)).toBeUndefined();
    },
  );
});
