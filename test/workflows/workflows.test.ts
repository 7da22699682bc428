/** Workflows are well-formed, give the action what it takes, and hold command lines that the command line reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseProgram } from '../../harness/cli/program.ts';
import { chosenReporters } from '../../harness/cli/reporters.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { ACTION, WORKFLOWS, workflowSchema, yamlOf } from './workflows.ts';

const { root } = findInstallation(import.meta.url);

/** The command that a line of a script stands for; throws where the line does not parse. */
async function commandIn(line: string): Promise<string> {
  const args = line
    .replace(/\$\{\{.*?\}\}/g, '1')
    .replace(/^.*crash-matrix /, '')
    .split(' ');
  let named = '';
  await parseProgram(args, { columns: 100, colors: false, print: () => {}, note: () => {} }, async ({ name }, _, flags) => {
    named = name;
    chosenReporters(flags as Parameters<typeof chosenReporters>[0]);
  });
  return named;
}

const linesIn = (script: string): string[] =>
  script.split('\n').filter((line) => /\bcrash-matrix (?:run|merge|show|replay|doctor)\b/.test(line));

describe.each(WORKFLOWS)('%s', (file) => {
  const { jobs } = workflowSchema.parse(yamlOf(file));
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test('gives the action inputs that it has', () => {
    for (const { uses, with: given = {} } of steps)
      if (uses === './.github/actions/crash-matrix') expect(Object.keys(ACTION.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
  });

  test('needs jobs that there are, and names what its matrix has', () => {
    for (const { needs, strategy, ...job } of Object.values(jobs)) {
      if (needs !== undefined) expect(Object.keys(jobs)).toContain(needs);
      for (const [, name = ''] of JSON.stringify(job).matchAll(/\$\{\{ matrix\.(\w+) \}\}/g))
        expect(Object.keys(strategy?.matrix ?? {})).toContain(name);
    }
  });

  test('has command lines that parse', async () => {
    for (const line of steps.flatMap(({ run = '' }) => linesIn(run))) expect(await commandIn(line)).toMatch(/^(?:run|merge)$/);
  });
});

test('a command line that does not parse is found', async () => {
  await expect(commandIn('npx crash-matrix run --shards 1/3')).rejects.toThrow('--shards');
  await expect(commandIn('npx crash-matrix merge shard-1 --reporter jsn')).rejects.toThrow('unknown reporter');
});

test('the action names inputs that it has, and puts no text of a workflow into a script', () => {
  for (const [, name = ''] of JSON.stringify(ACTION.runs).matchAll(/\binputs\.([\w-]+)/g))
    expect(Object.keys(ACTION.inputs)).toContain(name);
  for (const { run = '' } of ACTION.runs.steps) expect(run).not.toContain('${{');
});

test('the workflow of the README is read like the others', () => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  const steps = workflowSchema.shape.jobs.valueType.shape.steps.parse(parse(text));
  expect(steps.map(({ uses }) => uses)).toContain('./.github/actions/crash-matrix');
});
