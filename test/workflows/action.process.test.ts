/** The scripts of the action, in their order, as a runner would run them. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openPlace, TEN_LINES } from '../lab/command.ts';
import { ACTION } from './workflows.ts';

const installation = findInstallation(import.meta.url);
const place = openPlace();
afterAll(() => place.close());

/** A checkout with the store, in which crash-matrix is installed. */
function checkout(name: string): string {
  const directory = join(place.root, name);
  mkdirSync(join(directory, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(installation.root, 'dist/cli.js'), join(directory, 'node_modules/.bin/crash-matrix'));
  writeFileSync(join(directory, 'package.json'), '{}');
  writeFileSync(join(directory, 'ten.cjs'), TEN_LINES);
  for (const file of ['summary', 'output']) writeFileSync(join(directory, `.${file}`), '');
  return directory;
}

/** Runs each script whose condition says that it runs; returns the worst exit code, and what was printed. */
async function act(
  directory: string,
  given: { readonly [input: string]: string },
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const defaults = Object.entries(ACTION.inputs).map(([name, input]) => [name, input.default]);
  const inputs: { readonly [name: string]: string } = { ...Object.fromEntries(defaults), ...given };
  const isSharded = inputs.shard !== '';
  const all = { exitCode: 0, stdout: '', stderr: '' };
  for (const { run, env = {}, if: condition = '' } of ACTION.runs.steps) {
    if (run === undefined || (condition.includes("inputs.shard != ''") && !isSharded)) continue;
    const variables = Object.entries(env).map(([name, value]) => [
      name,
      String(value).replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => inputs[input] ?? ''),
    ]);
    const { exitCode, stdout, stderr } = await execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
      cwd: directory,
      extendEnv: false,
      reject: false,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: directory,
        TMPDIR: place.tmp(),
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_STEP_SUMMARY: join(directory, '.summary'),
        GITHUB_OUTPUT: join(directory, '.output'),
        ...Object.fromEntries(variables),
      },
    });
    all.exitCode = Math.max(all.exitCode, exitCode ?? 1);
    all.stdout += stdout;
    all.stderr += stderr;
  }
  return all;
}

const SMALL = '--scenario replace --model process-kill --depth 1';

test('a run annotates the line of the cause, adds to the summary, and writes what is uploaded', async () => {
  const directory = checkout('whole');
  const { exitCode, stdout } = await act(directory, { store: './ten.cjs', args: SMALL, name: 'node-22' });
  expect(stdout).toMatch(/^::error file=ten\.cjs,line=5,col=\d+,title=ten%3A unreadable::/m);
  expect(exitCode).toBe(1);
  expect(readFileSync(join(directory, '.summary'), 'utf8')).toContain('ten.cjs:5');
  const report = join(directory, ACTION.inputs['output-dir']?.default ?? '');
  expect(readdirSync(report).sort()).toEqual(['crash-matrix-node-22.html', 'crash-matrix.json', 'crash-matrix.sarif']);
  expect(readdirSync(directory)).toContain('.crash-matrix-cache');
});

test('a shard writes the JSON that is merged, under a name that an artifact may have', async () => {
  const directory = checkout('shard');
  const { exitCode } = await act(directory, { store: './ten.cjs', args: SMALL, shard: '1/1', name: 'node-22', 'output-dir': 'shards/one' });
  expect(exitCode).toBe(1);
  expect(readFileSync(join(directory, '.output'), 'utf8')).toBe('name=crash-matrix-shard-node-22-1\n');
  const merged = await place.run(['merge', 'shards/one/crash-matrix.json'], { cwd: directory });
  expect(merged).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('1 claim broken') });
});
