/**
 * What a report shows of a case beside words: the run that led to it, op by op, the trees before and after, and the values that were promised
 * and loaded. Each thing is kept once, under a short hash of what it is, so that the parts of a run that was shared out are joined by joining
 * their tables.
 */
import * as z from 'zod';
import { siteLine } from './op-line.ts';

/** Cases of a cell that evidence is kept of: violations in the order of the result. A page says so of the others. */
export const CASES_WITH_EVIDENCE = 200;
/** Of a file's contents so many bytes are kept, not counting long runs of zeros. */
export const CONTENT_BYTES_KEPT = 2048;
/** Of a value, as JSON on several lines, so many characters are kept. */
export const VALUE_CHARACTERS_KEPT = 4096;

const count = z.int().nonnegative();
const id = z.string().describe('The first 16 hex digits of a SHA-256');

const line = z.object({ text: z.string().describe('The op in words'), site: siteLine.optional() });

const run = z.object({
  start: id.optional().describe('The tree before the first op; absent of tasks, where only the last tree is known'),
  ops: z.array(
    z.object({
      line: id,
      task: z.string().optional().describe('Which of several tasks did it'),
      changed: z.literal(true).optional().describe('Set where it changed what is on disk'),
      tree: id.optional().describe('The tree after it, where it is another one than before it'),
    }),
  ),
  marks: z
    .array(z.object({ afterOp: count, text: z.string().describe('e.g. "step 1 (save) resolved"') }))
    .describe('Steps that settled, in order'),
});

const treeEntry = z.object({
  path: z.string().describe('Made-up parts of names are <time>, <uuid>, <hash> and <random>'),
  kind: z.enum(['file', 'directory', 'symlink', 'other']),
  mode: z.string().optional().describe('Octal'),
  contents: id.optional().describe('Of a file'),
  target: z.string().optional().describe('Of a symlink'),
});

const contents = z.object({
  bytes: count,
  parts: z
    .array(z.string().or(count))
    .optional()
    .describe('Text, and numbers that stand for so many zero bytes; absent where contents are left out'),
  cut: z.literal(true).optional().describe('Set where there is more than is kept'),
});

const value = z.object({
  characters: count.describe('Of all of it, as JSON'),
  text: z.string().optional().describe('As JSON on several lines; absent where values are left out'),
  cut: z.literal(true).optional().describe('Set where there is more than is kept'),
});

/** A run up to a crash or to its end. */
const led = z.object({
  title: z.string().optional(),
  run: id,
  at: z.object({ op: count, bytes: count.optional() }).describe('After so many ops, or so many bytes inside the last of them'),
  crash: z.string().optional().describe('e.g. "killed here"; absent where the run ended by itself'),
  lost: z.array(count).optional().describe('Numbers of ops of which something is not on disk'),
});

const caseEvidence = z.object({
  led: z.array(led).describe('What led to it; after a crash in recovery also what recovery did'),
  left: id.describe('The tree that was on disk'),
  promised: z.array(id).describe('Values that a load may return: the last that was acknowledged, and those under way'),
  unsaved: z.literal(true).optional().describe('Set where it may also find nothing, because nothing had been acknowledged'),
  loaded: id.optional().describe('What load returned; absent where it returned nothing'),
});

export const evidenceSchema = z
  .object({
    lines: z.record(id, line),
    runs: z.record(id, run),
    trees: z.record(id, z.array(treeEntry)),
    contents: z.record(id, contents),
    values: z.record(id, value),
    cases: z.record(z.string(), caseEvidence).describe('By case id'),
    sources: z
      .record(z.string(), z.string())
      .describe('By file: the sources with lines that ops are from, where they are in the working directory'),
  })
  .describe('What is shown of cases beside words. Each thing is kept once, under a hash of what it is');

export type Evidence = z.infer<typeof evidenceSchema>;
export type CaseEvidence = z.infer<typeof caseEvidence>;
export type Led = z.infer<typeof led>;
export type Run = z.infer<typeof run>;
export type TreeEntry = z.infer<typeof treeEntry>;
export type Contents = z.infer<typeof contents>;
export type ShownValue = z.infer<typeof value>;
