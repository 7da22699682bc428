/** Files that are written through memory: what was stored is in the trace, at the stop after it, and a kill leaves it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Op } from '../../../harness/domain/trace.ts';
import { MAPPING } from '../../lab/mapping.ts';
import { killEverywhere, linesOf, noPtrace, openTracing, pythonPath, recorded, type StoreText, type Tracing } from './tracing.ts';

const two = `fs.writeFileSync(at('a'), text(2, 'o'));`;

interface Sample extends StoreText {
  readonly what: string;
  /** Without the calls that only look. */
  readonly ops: readonly string[];
}

const SAMPLES: readonly Sample[] = [
  {
    what: 'what is stored is seen at the next call',
    before: two,
    save: `const it = map(at('a'), 8192); it.store('new'); fs.writeFileSync(at('b'), ''); it.store('newer', 4096); it.unmap();`,
    ops: ['open a', 'mmap a', 'mapwrite a', 'open b', 'mapwrite a', 'mmap a'],
  },
  {
    what: 'and at the end of a step, with nothing after it',
    before: two,
    save: `map(at('a'), 8192).store('new');`,
    ops: ['open a', 'mmap a', 'mapwrite a'],
  },
  {
    what: 'a mapping that was made before the recording',
    top: 'let it;',
    before: `${two} it = map(at('a'), 8192);`,
    save: `it.store('new'); it.sync();`,
    ops: ['mapwrite a', 'msync a'],
  },
  {
    what: 'a write to a mapped file is no store',
    before: two,
    save: `const it = map(at('a'), 8192); const fd = fs.openSync(at('a'), 'r+'); fs.writeSync(fd, 'w', 5); fs.ftruncateSync(fd, 12288); it.store('m');`,
    ops: ['open a', 'mmap a', 'open a', 'write a', 'truncate a', 'mapwrite a'],
  },
  {
    what: 'a file that was renamed while it was mapped',
    before: two,
    save: `const it = map(at('a'), 8192); fs.renameSync(at('a'), at('b')); it.store('new'); it.sync();`,
    ops: ['open a', 'mmap a', 'rename a -> b', 'mapwrite b', 'msync b'],
  },
  {
    what: 'two mappings of one file',
    before: two,
    save: `const [one, other] = [map(at('a'), 8192), map(at('a'), 8192)]; one.store('1'); other.store('2', 9); one.sync();`,
    ops: ['open a', 'mmap a', 'open a', 'mmap a', 'mapwrite a', 'msync a'],
  },
  {
    what: 'two files, found at one stop',
    before: `${two} fs.writeFileSync(at('b'), text(1));`,
    save: `const [a, b] = [map(at('a'), 8192), map(at('b'), 4096)]; b.store('new'); a.store('new'); a.sync();`,
    ops: ['open a', 'mmap a', 'open b', 'mmap b', 'mapwrite a', 'mapwrite b', 'msync a'],
  },
  {
    what: 'a mapping that becomes writable later',
    before: two,
    save: `const it = map(at('a'), 8192, 'later'); it.letWrite(); it.store('new'); it.sync();`,
    ops: ['open a', 'mmap a', 'mmap a', 'mapwrite a', 'msync a'],
  },
  {
    what: 'mappings that can never change the file',
    before: two,
    save: `map(at('a'), 8192, 'read'); map(at('a'), 8192, 'private').store('mine'); fs.writeFileSync(at('b'), 'b');`,
    ops: ['open a', 'open b', 'write b'],
  },
  {
    // Only the first store to a page changes the file's times.
    what: 'a store long after the one before it',
    before: two,
    save: `
      const it = map(at('a'), 8192); it.store('one'); it.sync(); it.store('two'); fs.writeFileSync(at('b'), '');
      const clean = fs.statSync(at('b')).ctimeMs; while (Date.now() < clean + 60); fs.statSync(at('b')); it.store('six'); fs.statSync(at('b'));`,
    ops: ['open a', 'mmap a', 'mapwrite a', 'msync a', 'mapwrite a', 'open b', 'mapwrite a'],
  },
];

describe.skipIf(noPtrace !== undefined)(`mapped files${noPtrace === undefined ? '' : ` (ptrace does not work here: ${noPtrace})`}`, () => {
  let lab: Tracing;
  beforeAll(async () => {
    lab = await openTracing();
  });
  afterAll(() => lab.close());

  // `killEverywhere` compares what each killed child left with the tree that was observed.
  test.concurrent.each(SAMPLES.map((sample) => [sample.what, sample] as const))('%s', async (_, { top = '', ops, ...store }) => {
    const { request, recording } = await lab.record({ ...store, top: `${MAPPING}${top}` });
    const { trace } = recorded(recording);
    expect(linesOf(trace.ops)).toEqual(ops);
    expect(trace.unmeasured).toEqual([]);
    const changes = trace.ops.filter(({ call, index }) => call === 'mapwrite' && trace.trees[index] === trace.trees[index - 1]);
    expect(changes.map(({ file }) => file.path)).toEqual(ops.includes('mapwrite b') && ops.includes('mapwrite a') ? ['b'] : []);
    await killEverywhere(lab, recorded(recording), request);
  });

  test('a store of two pages says from where to where it reached', async () => {
    const { recording } = await lab.record({ top: MAPPING, before: two, save: `map(at('a'), 8192).store('xyz', 4094);` });
    const stored = recorded(recording).trace.ops.filter(({ call }: Op) => call === 'mapwrite');
    expect(stored.map(({ range, via }) => [range, via])).toEqual([[{ offset: 4094, length: 3 }, 'memory']]);
  });

  test.skipIf(pythonPath === undefined).each([
    ['exits', 'os._exit(0)'],
    ['runs another program', "os.execv('/bin/true', ['true'])"],
  ])('what a process stores before it %s is seen, though no other has the file mapped', async (_, leave) => {
    const program = `
import mmap, os, sys
if os.fork() == 0:
    file = os.open(sys.argv[1] + '/a', os.O_RDWR)
    memory = mmap.mmap(file, 4096)
    memory[0:3] = b'new'
    ${leave}
os.wait()
`;
    const save = `child.spawnSync(${JSON.stringify(pythonPath)}, ['-c', ${JSON.stringify(program)}, here]);`;
    const { trace } = recorded((await lab.record({ before: two, save })).recording);
    expect(linesOf(trace.ops)).toEqual(['open a by 1', 'mmap a by 1', 'mapwrite a by 1']);
    expect(trace.unmeasured).toEqual([]);
  });

  test('no process outlives the runs above', () => {
    expect(lab.processes()).toHaveLength(1);
  });
});
