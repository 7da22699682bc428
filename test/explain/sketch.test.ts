import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Form } from '../../harness/domain/sketch.ts';
import { differencesOfSketches, formOf, loadDifference, sketchOf } from '../../harness/explain/sketch.ts';

const file = (text: string) => treeOf({ f: text }).get('f') ?? { kind: 'directory', mode: 0 };

test.each<[string, Form]>([
  ['', 'empty'],
  ['\0\0\0', 'zeros'],
  ['{"a":1}', 'whole'],
  ['{"a":1}\n', 'whole'],
  ['{"a":1}\n{"b":2}\n', 'whole'],
  ['{"a":1}\n{"b":', 'cut off'],
  ['{"a":', 'cut off'],
  ['{"a":1,\0\0', 'zeros at the end'],
  ['{}', 'holds nothing'],
  ['[]\n', 'holds nothing'],
  ['null', 'holds nothing'],
  ['SQLite format 3', 'contents'],
])('%j: %s', (text, form) => {
  expect(formOf(file(text))).toBe(form);
});

const RULES = [{ prefix: 'temp.', suffix: '', charset: 'digits', except: [] }] as const;
const sketch = (files: { readonly [path: string]: string }) => sketchOf(treeOf(files), RULES);

describe('two directories', () => {
  test('alike whatever values, sizes and made-up names they have', () => {
    const one = sketch({ live: '{"a":1}', 'bak.1732264512345': '{"b":1}', 'temp.12': '{"a"' });
    const other = sketch({ live: '{"other":"longer"}', 'bak.1732264519999': '[1]', 'bak.1732264519998': '[2]', 'temp.7': '{"x":1,' });
    expect(differencesOfSketches(one, other)).toEqual([]);
  });

  test('differ in which file is there, what form it has, and whether two hold the same', () => {
    const one = sketch({ live: '', 'bak.1732264512345': '{"a":1}', 'temp.1': '{"a":1}' });
    const other = sketch({ live: '{"a":1}', 'temp.1': '{"a":1}' });
    expect(differencesOfSketches(one, other)).toEqual([
      { text: 'bak.<time>: whole, not missing', weight: 1 },
      { text: 'live: empty, not whole', weight: 2 },
      { text: 'live and temp.<random> differ', weight: 1 },
    ]);
    expect(loadDifference('nothing', 'a value')).toEqual([{ text: 'load() gives nothing, not a value', weight: 3 }]);
  });
});

test('what no run of the store makes is left out', () => {
  expect([...sketchOf(treeOf({ live: '{}', 'notes.txt': 'x' }), [], (name) => name === 'live').forms.keys()]).toEqual(['live']);
});
