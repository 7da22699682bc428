/** The unit tier starts no process: each way to start one is refused, and a test that tries is failed even if it catches that. */
import * as children from 'node:child_process';
import cluster from 'node:cluster';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { takeRefused } from './no-processes.ts';

const required = createRequire(import.meta.url)('child_process') as typeof children;

test.each<[string, () => unknown]>([
  ['spawn', () => children.spawn('true')],
  ['spawnSync', () => children.spawnSync('true')],
  ['exec', () => children.exec('true')],
  ['execSync', () => children.execSync('true')],
  ['execFile', () => children.execFile('true')],
  ['execFileSync', () => children.execFileSync('true')],
  ['fork', () => children.fork('true')],
  ['spawn', () => required.spawn('true')],
  ['ChildProcess.spawn', () => new (children.ChildProcess as unknown as new () => { spawn(options: object): void })().spawn({})],
  ['fork', () => cluster.fork()],
])('%s is refused, and noted for the end of the test', (name, start) => {
  expect(start).toThrow(`a unit test called ${name} of node:child_process`);
  expect(takeRefused()).toEqual([name]);
});

test.fails('a start whose error is caught fails its test all the same', () => {
  try {
    children.spawnSync('true');
  } catch {}
});
