/** What `--trace` takes, and what it refuses before anything starts. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { traceIn } from '../../harness/cli/trace-options.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import type { TraceFile } from '../../harness/domain/trace-file.ts';
import { temporaryDirectory } from '../lab/temporary.ts';

const HASH = 'e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98'; // of "b"
const OF_STORE: TraceFile = {
  schema: 'crash-matrix-trace/1',
  version: '0.1.0',
  recorder: 'ptrace',
  store: 'notes',
  scenario: { name: 'replace', catches: 'a replacement', before: [], steps: [{ kind: 'save', value: 1 }], next: 2 },
  start: [],
  ops: [
    {
      call: 'write',
      via: 'write',
      file: { id: 1, path: 'a', actual: 'a' },
      range: { offset: 0, length: 1 },
      process: 0,
      changed: [{ kind: 'file', path: 'a', mode: 0o644, contents: HASH }],
    },
  ],
  marks: [{ kind: 'resolved', step: 0, afterOp: 1 }],
  variation: { names: [], contents: [] },
  unmeasured: [],
  notes: [],
  mismatches: [],
  contents: { [HASH]: { text: 'b' } },
};
const PROGRAM = { command: ['sh', 'save.sh'], directory: 'data', check: 'sh check.sh' };

const starting = (...start: TraceFile['start']): TraceFile => ({ ...OF_STORE, start });

const root = temporaryDirectory();
afterAll(() => rmSync(root, { recursive: true }));

const written = (content: object | string): string => {
  const path = join(root, 'trace.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const store = ['./notes.ts'];

/** The whole message, with what to do next. */
function refusal(content: object | string, flags: object = { store }, words: readonly string[] = []): string {
  try {
    traceIn(words, { trace: written(content), store: [], ...flags });
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}\n${error.detail}`;
    throw error;
  }
  throw new Error('it was not refused');
}

test('a trace is what a store goes through, with its run', () => {
  const given = traceIn([], { trace: written(OF_STORE), store });
  expect(given?.scenario).toMatchObject({ name: 'replace', steps: [{ kind: 'save', value: 1 }], next: 2 });
  expect(given?.scenario.recorded?.trace.ops[0]?.data).toEqual(Buffer.from('b'));
});

test('the store of a case id judges where no other is named', () => {
  expect(traceIn([], { trace: written(OF_STORE), store: [], ofCase: 'notes' })?.scenario.name).toBe('replace');
});

test('no trace is asked for', () => {
  expect(traceIn([], { store: [] })).toBeUndefined();
});

test.each([
  ['is cut off', JSON.stringify(OF_STORE, null, 1).slice(0, 300), 'it is cut off in line'],
  ['is of another version', { ...OF_STORE, schema: 'crash-matrix-trace/2' }, 'this crash-matrix reads crash-matrix-trace/1'],
  ['is a result', { ...OF_STORE, schema: 'crash-matrix/1' }, 'it is JSON, but not a trace of crash-matrix'],
  ['has a call that nobody knows', { ...OF_STORE, ops: [{ ...OF_STORE.ops[0], call: 'warp' }] }, 'at ops[0].call: '],
  [
    'has other contents than it says',
    { ...OF_STORE, contents: { [HASH]: { text: 'c' } } },
    `at contents.${HASH}: the contents have another SHA-1`,
  ],
  ['lacks contents', { ...OF_STORE, contents: {} }, `at contents: there are none for ${HASH}`],
  [
    'has a step that settles after its end',
    { ...OF_STORE, marks: [{ kind: 'resolved', step: 0, afterOp: 2 }] },
    'at marks[0]: it comes after op 2, and there are 1',
  ],
  [
    'leads out of the directory',
    starting({ kind: 'directory', path: '../up', mode: 0o755 }),
    'at start: "../up" is no path of a file in the directory',
  ],
  ['is absolute', starting({ kind: 'directory', path: '/etc', mode: 0o755 }), 'at start: "/etc" is no path'],
  [
    'leads out of the directory through a link',
    starting({ kind: 'symlink', path: 'b', target: '/etc' }, { kind: 'file', path: 'b/passwd', mode: 0o644, contents: HASH }),
    'at start: "b/passwd" is in no directory',
  ],
  [
    'replaces a directory by a link',
    {
      ...starting({ kind: 'directory', path: 'b', mode: 0o755 }, { kind: 'file', path: 'b/passwd', mode: 0o644, contents: HASH }),
      ops: [{ ...OF_STORE.ops[0], changed: [{ kind: 'symlink', path: 'b', target: '/etc' }] }],
    },
    'at ops[0].changed: "b/passwd" is in no directory',
  ],
])('one that %s is refused', (_, content, message) => {
  expect(refusal(content)).toContain(message);
});

test.each([
  ['no judge', OF_STORE, {}, [], 'Add --store, with the file of the store or the name of a built-in one: it was "notes".'],
  ['a check, of a store', OF_STORE, { store, check: 'true' }, [], '--check is for programs'],
  ['two stores', OF_STORE, { store: ['a', 'b'] }, [], 'one store judges a trace, and several were named'],
  ['a directory', OF_STORE, { store, dir: 'data' }, [], '--trace stands in place of a run, and --dir is for one'],
  ['a program beside it', OF_STORE, { store }, ['sh', 'save.sh'], '"sh save.sh" is for one'],
  ['no judge, of a program: its own check is shown, and not taken', { ...OF_STORE, program: PROGRAM }, {}, [], "Add --check 'sh check.sh'"],
  ['a store, of a program', { ...OF_STORE, program: PROGRAM }, { store, check: 'true' }, [], '--store is for stores'],
])('one with %s is refused', (_, content, flags, words, message) => {
  expect(refusal(content, flags, words)).toContain(message);
});
