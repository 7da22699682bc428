import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { discard, openWorkspace, RUN_VARIABLE, sweepDeadRuns } from '../../harness/machine/workspace.ts';
import { processesWith } from '../lab/processes.ts';
import { freshDirectory } from '../lab/temporary.ts';

const NAMESPACE = process.platform === 'linux' ? (/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0') : '0';

/** A process that does nothing until it is killed. */
function idle(env: { readonly [name: string]: string } = {}): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore', env });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('not started');
  return child as ChildProcess & { readonly pid: number };
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a workspace is a directory of its own, for nobody else to read, and goes when it is closed', () => {
  const below = freshDirectory();
  const workspace = openWorkspace(below, process.pid);
  expect(readdirSync(below)).toEqual([basename(workspace.root)]);
  expect(statSync(workspace.root).mode & 0o777).toBe(0o700);
  const [one, two] = [workspace.directory('x'), workspace.directory('x')];
  expect(one).not.toBe(two);
  writeFileSync(join(one, 'file'), '');
  workspace.close();
  expect(readdirSync(below)).toEqual([]);
});

/** Root may remove everything, so it works as `nobody`. */
function unprivileged(directory: string, work: () => void): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const NOBODY = 65_534;

test.skipIf(process.platform === 'win32')('a directory in which its owner may remove nothing goes too', () => {
  const below = freshDirectory();
  unprivileged(below, () => {
    const workspace = openWorkspace(below, process.pid);
    const [one, other] = [workspace.directory('x'), workspace.directory('x')];
    for (const directory of [one, other]) {
      mkdirSync(join(directory, 'inner'));
      writeFileSync(join(directory, 'inner/file'), '');
      chmodSync(join(directory, 'inner'), 0o500);
    }
    discard(one);
    expect(readdirSync(workspace.root)).toEqual([basename(other)]);
    workspace.close();
  });
  expect(readdirSync(below)).toEqual([]);
});

test('directories in memory lie elsewhere, for nobody else to read, and go with it', () => {
  const [below, memory] = [freshDirectory(), freshDirectory()];
  const workspace = openWorkspace(below, process.pid, memory);
  const path = workspace.directoryInMemory('x');
  writeFileSync(join(path, 'file'), '');
  expect(dirname(path)).toBe(join(memory, basename(workspace.root)));
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  workspace.close();
  expect([...readdirSync(below), ...readdirSync(memory)]).toEqual([]);
});

describe.skipIf(process.platform !== 'linux')('processes (Linux)', () => {
  test('a workspace that is closed ends those of its run, and no others', async () => {
    const workspace = openWorkspace(freshDirectory(), process.pid);
    const [its, another] = [idle({ [RUN_VARIABLE]: workspace.id }), idle({ [RUN_VARIABLE]: `${workspace.id}0` })];
    const ended = once(its, 'exit');
    workspace.close();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(processesWith(RUN_VARIABLE, `${workspace.id}0`)).toEqual([another.pid]);
  });

  test('what a killed run left is swept by the next start', async () => {
    const [below, memory] = [freshDirectory(), freshDirectory()];
    const owner = idle();
    const dead = openWorkspace(below, owner.pid, memory);
    writeFileSync(join(dead.directory('cell'), 'file'), '');
    writeFileSync(join(dead.directoryInMemory('trees'), 'file'), '');
    const left = idle({ [RUN_VARIABLE]: dead.id });
    const ended = once(left, 'exit');
    await killed(owner);
    const next = openWorkspace(below, process.pid, memory);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(readdirSync(below)).toEqual([basename(next.root)]);
    expect(readdirSync(memory)).toEqual([basename(next.root)]);
    next.close();
  });

  test('a run that lives is left alone', () => {
    const below = freshDirectory();
    const live = openWorkspace(below, idle().pid);
    const its = idle({ [RUN_VARIABLE]: live.id });
    expect(sweepDeadRuns(below)).toEqual([]);
    expect(existsSync(live.directory('cell'))).toBe(true);
    expect(processesWith(RUN_VARIABLE, live.id)).toEqual([its.pid]);
  });

  test('a process that got the number of a dead owner does not protect what that left', () => {
    const below = freshDirectory();
    const root = join(below, `crash-matrix-${process.pid}-1-${NAMESPACE}`);
    mkdirSync(root);
    expect(sweepDeadRuns(below)).toEqual([`${process.pid}-1-${NAMESPACE}`]);
    expect(existsSync(root)).toBe(false);
  });

  // Containers may share a temporary directory, and do not see each other's processes.
  test('a run of another pid namespace is left alone, with its processes', () => {
    const below = freshDirectory();
    const id = `${2 ** 30}-1-${NAMESPACE}1`;
    mkdirSync(join(below, `crash-matrix-${id}`));
    const its = idle({ [RUN_VARIABLE]: id });
    expect(sweepDeadRuns(below)).toEqual([]);
    expect(readdirSync(below)).toEqual([`crash-matrix-${id}`]);
    expect(processesWith(RUN_VARIABLE, id)).toEqual([its.pid]);
  });

  test('a run that has only just begun is left alone', () => {
    const below = freshDirectory();
    const name = basename(openWorkspace(below, process.pid).root);
    const another = freshDirectory();
    mkdirSync(join(another, name)); // as it is right after mkdir
    expect(sweepDeadRuns(another)).toEqual([]);
  });
});

test('what cannot be removed now hides no other error, and the rest goes', () => {
  const directory = freshDirectory();
  const [one, another] = [join(directory, 'one'), join(directory, 'another')];
  for (const path of [one, another]) mkdirSync(path);
  discard(one, '/proc/self/fdinfo', another);
  expect(readdirSync(directory)).toEqual([]);
});

describe('a sweep', () => {
  const GONE = `crash-matrix-${2 ** 30}-1-${NAMESPACE}`;
  test.each<[string, string, boolean]>([
    ['of a run whose owner is gone', GONE, true],
    ['passes other names by', 'crash-matrix-report', false],
    ['passes names that only begin alike by', `${GONE}-x`, false],
    ['passes what is no run by', 'notes', false],
  ])('%s', (_, name, swept) => {
    const below = freshDirectory();
    mkdirSync(join(below, name));
    expect(sweepDeadRuns(below).length === 1).toBe(swept);
    expect(existsSync(join(below, name))).toBe(!swept);
  });

  test('does not follow a symlink', () => {
    const [below, victim] = [freshDirectory(), freshDirectory()];
    writeFileSync(join(victim, 'file'), '');
    symlinkSync(victim, join(below, GONE));
    sweepDeadRuns(below);
    expect(readdirSync(victim)).toEqual(['file']);
  });
});
