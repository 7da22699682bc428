/** Recorded runs to and from trace files. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry, RecordedRun, Trace, Tree } from '../../harness/domain/trace.ts';
import { traceFileSchema } from '../../harness/domain/trace-file.ts';
import { equalTrees, hashBytes } from '../../harness/domain/tree.ts';
import { runOfTraceFile, traceFileOf } from '../../harness/record/trace-file.ts';

const ABOUT = { version: '0', store: 'notes', scenario: { name: 'replace', catches: '', before: [], steps: [], next: null } };

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 0, max: 0o7777 })).map(([bytes, mode]): Entry => {
    return { kind: 'file', mode, bytes, hash: hashBytes(bytes) };
  }),
  fc
    .string({ unit: 'binary' })
    .map(
      (text): Entry => ({ kind: 'file', mode: 0o644, bytes: Buffer.from(`\uFEFF${text}`), hash: hashBytes(Buffer.from(`\uFEFF${text}`)) }),
    ),
  fc.constantFrom<Entry>({ kind: 'directory', mode: 0o755 }, { kind: 'symlink', target: 'a' }, { kind: 'other', mode: 0o600 }),
);
const tree: fc.Arbitrary<Tree> = fc
  .dictionary(fc.constantFrom('a', 'b', 'c d', '__proto__'), entry, { maxKeys: 4, noNullPrototype: true })
  .map((all) => new Map(Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1))));

function runOf(trees: readonly Tree[]): RecordedRun {
  const file = { id: 1, path: 'a', actual: 'a' };
  const trace: Trace = {
    recorder: 'ptrace',
    ops: trees.slice(1).map((_, at) => ({ index: at + 1, call: 'fsync', via: 'fsync', file, process: 0 })),
    marks: [{ kind: 'resolved', step: 0, afterOp: trees.length - 1 }],
    trees,
    startTimes: new Map([['a', -1]]),
    variation: { names: [{ prefix: 'a', suffix: '', charset: 'hex', except: ['b'] }], contents: new Set(['a']) },
    unmeasured: ['something'],
  };
  const sites = { sites: new Map([[1, { file: 'notes.ts', line: 1, column: 2 }]]), mismatches: [], readByPromises: new Set(['a']) };
  return { trace, before: { a: 1 }, sites: trees.length > 1 ? sites : { ...sites, sites: new Map() }, notes: ['a note'] };
}

test('a run comes back from a file as it was, with every tree to the byte', () => {
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 5 }), (trees) => {
      const run = runOf(trees);
      const { trees: back, ...trace } = runOfTraceFile(traceFileSchema.parse(JSON.parse(JSON.stringify(traceFileOf(run, ABOUT))))).trace;
      const { trees: _, ...before } = run.trace;
      expect(trace).toEqual(before);
      expect(back).toHaveLength(trees.length);
      for (const [at, one] of trees.entries()) expect(equalTrees(back[at] ?? new Map(), one)).toBe(true);
    }),
  );
});

test('what a run says beside its ops comes back too', () => {
  const run = runOf([new Map(), new Map()]);
  const { trace: _, ...back } = runOfTraceFile(traceFileOf(run, ABOUT));
  const { trace: __, ...said } = run;
  expect(back).toEqual(said);
});

test('contents are text where they are UTF-8, and each stands once', () => {
  const files = (text: Uint8Array): Tree =>
    new Map(['a', 'b'].map((path): [string, Entry] => [path, { kind: 'file', mode: 0o644, bytes: text, hash: hashBytes(text) }]));
  const { contents } = traceFileOf(runOf([files(Buffer.from('{}')), files(new Uint8Array([0xff]))]), ABOUT);
  expect(Object.values(contents)).toEqual([{ text: '{}' }, { base64: '/w==' }]);
});

test('a range in which no file of the trace can end is refused, before memory is asked for it', () => {
  const file = traceFileOf(runOf([new Map(), new Map()]), ABOUT);
  const withOp =
    (part: object): (() => RecordedRun) =>
    () =>
      runOfTraceFile({ ...file, ops: file.ops.map((op) => ({ ...op, ...part })) });
  const long = { range: { offset: 0, length: 1e15 } };
  expect(withOp({ call: 'write', ...long })).toThrow(
    'ops[0].range: it ends at byte 1000000000000000, and no file of this trace is that long',
  );
  expect(withOp({ call: 'read', ...long })).not.toThrow(); // it asked for so many
  expect(withOp({ call: 'write', range: { offset: 0, length: 4_096 } })).not.toThrow(); // to a file that has no name any more
});
