/**
 * What a report shows of a case beside words: the run that led to it, op by op, the trees before and after, and the values that were promised
 * and loaded. Each thing is kept once, under a short hash of what it is, so that the parts of a run that was shared out are joined by joining
 * their tables.
 */
import * as z from 'zod';
import { siteLine } from './op-line.ts';
import { OUTCOME_NAMES } from './outcomes.ts';

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

const powerCut = z
  .object({
    rules: z.string().describe('The persistence profile'),
    boundary: count.describe('The power went after so many ops'),
    pieces: z
      .array(
        z.object({
          text: z.string().describe('The op, or the parts of it'),
          takes: z.array(count).describe('The places of the pieces that are lost with it, by the rules; its own among them'),
        }),
      )
      .describe('What was not certainly on disk; each is lost or kept as a whole'),
    certain: count.describe('Parts of ops up to there that are on disk for certain'),
    trees: z.array(id),
    states: z
      .array(z.tuple([z.string(), count]))
      .describe('Combinations that the rules allow: for each piece 1 where it landed and 0 where it is lost, and the place of the tree'),
    isWhole: z.boolean().describe('False where there are more combinations'),
    judged: z
      .record(id, z.object({ outcome: z.enum(OUTCOME_NAMES), found: z.string() }))
      .describe('By tree: what was found where it was judged, and kept'),
  })
  .describe('What else a power cut at the same place may have left');

const caseEvidence = z.object({
  led: z.array(led).describe('What led to it; after a crash in recovery also what recovery did'),
  left: id.describe('The tree that was on disk'),
  promised: z.array(id).describe('Values that a load may return: the last that was acknowledged, and those under way'),
  unsaved: z.literal(true).optional().describe('Set where it may also find nothing, because nothing had been acknowledged'),
  loaded: id.optional().describe('What load returned; absent where it returned nothing'),
  cut: z
    .object({ id, lost: z.array(count).describe('The places of the pieces that it lost') })
    .optional()
    .describe('Power loss: what else might have landed'),
});

export const evidenceSchema = z
  .object({
    lines: z.record(id, line),
    runs: z.record(id, run),
    trees: z.record(id, z.array(treeEntry)),
    contents: z.record(id, contents),
    values: z.record(id, value),
    cuts: z.record(id, powerCut),
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
export type PowerCut = z.infer<typeof powerCut>;
export type ShownValue = z.infer<typeof value>;
