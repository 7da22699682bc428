/** What a task finds around itself on the fake file system: its system calls one by one, a clock and chance of its own, and no way out. */
import { describe, expect, test } from 'vitest';
import { OwnCaller, sharedCallers } from '../../harness/fake/callers.ts';
import { drive } from '../../harness/fake/drive.ts';
import { fakeProcess } from '../../harness/fake/process.ts';
import { Volume } from '../../harness/fake/volume.ts';
import { World } from '../../harness/fake/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: modules and globals, whose members are known by name.
type Anything = any;

const DIRECTORY = '/of/the/store';
const NOW = Date.UTC(2030, 0, 1);

/** A world with one task in it, whose calls happen at once. */
function world(task = 0) {
  const volume = new Volume(DIRECTORY, { newInode: () => 1, newDescriptor: () => 1, now: () => NOW });
  const its = new World(volume, NOW);
  volume.restore([]);
  const callers = new OwnCaller(its);
  const process = fakeProcess(its, callers, 4001, (pid) => pid === 4001);
  const caller = its.newCaller(task, true);
  callers.as(caller, () => {});
  const calls: string[] = [];
  its.onHappened = ({ syscall, error }) => calls.push(error === undefined ? syscall.call : `${syscall.call} ${error}`);
  return { world: its, process, calls, caller, callers };
}

const at = (name: string): string => `${DIRECTORY}/${name}`;

describe('the system calls of', () => {
  test.each<[string, (fs: Anything) => Promise<unknown>, string]>([
    ['writeFile', (fs) => fs.writeFile(at('a'), 'text'), 'open write close'],
    ['writeFile of nothing', (fs) => fs.writeFile(at('a'), ''), 'open close'],
    ['writeFile of more than half a MiB', (fs) => fs.writeFile(at('a'), Buffer.alloc(600 << 10)), 'open write write close'],
    ['appendFile', (fs) => fs.appendFile(at('f'), 'text'), 'open write close'],
    ['readFile', (fs) => fs.readFile(at('f')), 'open stat read close'],
    ['copyFile', (fs) => fs.copyFile(at('f'), at('a')), 'open stat open stat truncate chmod copy close close'],
    ['truncate', (fs) => fs.truncate(at('f')), 'open truncate close'],
    ['rm with force', (fs) => fs.rm(at('f'), { force: true }), 'stat unlink'],
    ['rm of nothing', (fs) => fs.rm(at('x'), { force: true }), 'stat ENOENT'],
    ['mkdir -p', (fs) => fs.mkdir(at('a/b'), { recursive: true }), 'mkdir ENOENT mkdir mkdir'],
    ['mkdir -p of what is there', (fs) => fs.mkdir(DIRECTORY, { recursive: true }), 'mkdir EEXIST stat'],
  ])('%s', async (_, run, expected) => {
    const { process, calls } = world();
    const fs = process.modules('node:fs') as Anything;
    fs.writeFileSync(at('f'), 'hello');
    calls.length = 0;
    await run(fs.promises);
    expect(calls.join(' ')).toBe(expected);
  });
});

test('an effect waits at the gate, and not its answer', async () => {
  const { world: its, process, caller } = world();
  const fs = process.modules('fs') as Anything;
  caller.free = false;
  let done = false;
  void fs.promises.writeFile(at('a'), 'text').then(() => {
    done = true;
  });
  const seen: [string, boolean][] = [];
  for (let step = 0; step < 3; step += 1) {
    its.letThrough(caller);
    await its.settled();
    seen.push([its.volume.treeKey().slice(0, 3), done]);
  }
  expect(seen.map(([, isDone]) => isDone)).toEqual([false, false, true]);
  expect(its.volume.snapshot()).toMatchObject([{ path: 'a', bytes: Buffer.from('text') }]);
});

const madeUp = ({ process }: ReturnType<typeof world>): Anything[] => {
  const { randomUUID, randomBytes } = process.modules('crypto') as Anything;
  const { Date: FakeDate, Math: FakeMath } = process.globals as Anything;
  return [randomUUID(), randomBytes(4).toString('hex'), FakeMath.random(), FakeDate.now(), new FakeDate().toISOString()];
};

test('what a task makes up is the same in every run, and no other task’s', () => {
  const [first, again, other] = [madeUp(world()), madeUp(world()), madeUp(world(1))];
  expect(again).toEqual(first);
  expect(other[0]).not.toBe(first[0]);
  expect(first[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(first.slice(3)).toEqual([NOW, '2030-01-01T00:00:00.000Z']);
});

test('time passes by what a task does and waits for, and by nothing else', async () => {
  const { world: its, process } = world();
  const [fs, timers, { Date: FakeDate }] = [
    process.modules('fs') as Anything,
    process.modules('timers/promises') as Anything,
    process.globals as Anything,
  ];
  fs.writeFileSync(at('a'), '');
  const work = async (): Promise<number> => {
    await timers.setTimeout(60_000);
    return FakeDate.now();
  };
  expect(await drive(its, work())).toEqual({ kind: 'done', value: NOW + 60_002 });
});

test('a task that waits for what never comes is stuck at once', async () => {
  expect(await drive(world().world, new Promise(() => {}))).toEqual({ kind: 'stuck' });
});

test('ticks and immediates have been called when all is quiet', async () => {
  const { world: its, process } = world();
  const { process: fake, setImmediate: later } = process.globals as Anything;
  const called: string[] = [];
  const chain = (left: number): void => {
    called.push(`tick ${left}`);
    if (left > 0) void Promise.resolve().then(() => fake.nextTick(chain, left - 1));
  };
  fake.nextTick(chain, 3);
  later(() => called.push('immediate'));
  await its.settled();
  expect(called.sort()).toEqual(['immediate', 'tick 0', 'tick 1', 'tick 2', 'tick 3']);
});

test('tasks of one process are distinguished by what set their code off', async () => {
  const { world: its } = world();
  const callers = sharedCallers(its);
  const [one, other] = [its.newCaller(0, true), its.newCaller(1, true)];
  let wake = (): void => {};
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const sleeping = callers.as(one, async () => {
    await woken;
    return callers.caller().number;
  });
  callers.as(other, () => wake());
  expect(await sleeping).toBe(0);
});

test.each<[string, string, unknown[]]>([
  ['child_process', 'spawn', ['true']],
  ['worker_threads', 'postMessageToThread', []],
  ['net', 'connect', [1]],
  ['fs', 'symlinkSync', ['a', 'b']],
  ['fs', 'watch', [DIRECTORY]],
  ['fs', 'cpSync', ['a', 'b']],
])('%s.%s is refused by name', (module, name, args) => {
  const { world: its, process } = world();
  const fake = process.modules(module) as { [name: string]: ((...args: unknown[]) => unknown) | undefined };
  if (fake[name] === undefined) return; // not in this version of Node
  expect(() => fake[name]?.(...args)).toThrow(`the fake file system does not have ${module}.${name}`);
  expect(its.refused).toBe(`the fake file system does not have ${module}.${name}`);
});
