/** The workflows and the action that the repository offers, as GitHub reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { findInstallation } from '../../harness/machine/installation.ts';

const { root } = findInstallation(import.meta.url);

const words = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax: what these files use of it, and nothing that is misspelt. */
const step = z
  .strictObject({
    name: z.string().optional(),
    id: z.string().optional(),
    if: z.string().optional(),
    uses: z
      .string()
      .regex(/^(?:\.\/|[\w-]+\/[\w./-]+@v\d+$)/)
      .optional(),
    run: z.string().optional(),
    shell: z.enum(['bash']).optional(),
    with: words.optional(),
    env: words.optional(),
  })
  .refine(({ uses, run }) => (uses === undefined) !== (run === undefined), 'a step either uses an action or runs a script');

const job = z.strictObject({
  'runs-on': z.string(),
  container: z.string().optional(),
  'timeout-minutes': z.int().positive(),
  needs: z.string().optional(),
  if: z.string().optional(),
  'continue-on-error': z.boolean().optional(),
  strategy: z
    .strictObject({ 'fail-fast': z.boolean(), matrix: z.record(z.string(), z.array(z.union([z.string(), z.number()]))) })
    .optional(),
  steps: z.array(step).min(1),
});

export const workflowSchema = z.strictObject({
  name: z.string(),
  on: z.union([z.array(z.enum(['push', 'pull_request'])), z.record(z.string(), z.unknown())]),
  permissions: z.record(z.string(), z.enum(['read', 'write'])),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.boolean() }).optional(),
  jobs: z.record(z.string(), job),
});

/** https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax, of a composite action. */
export const actionSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({
    using: z.literal('composite'),
    // In a composite action a script names its shell.
    steps: z.array(step.refine(({ run, shell }) => run === undefined || shell !== undefined, 'no shell')),
  }),
});

export const WORKFLOWS: readonly string[] = ['.github/workflows', 'docs/workflows'].flatMap((directory) =>
  readdirSync(join(root, directory)).map((file) => `${directory}/${file}`),
);

export const yamlOf = (file: string): unknown => parse(readFileSync(join(root, file), 'utf8'));

export const ACTION = actionSchema.parse(yamlOf('.github/actions/crash-matrix/action.yml'));
