/**
 * The result of a run, schema `crash-matrix/1`: types, validation and JSON Schema from one source.
 *
 * Everything a report shows is in here; reports never look at a store's directory.
 */
import { z } from 'zod';
import { MODELS, OUTCOMES } from './store/define.ts';

const count = z.int().nonnegative();

const site = z.object({
  file: z.string().describe('Path relative to the working directory of the run'),
  line: z.int().positive(),
  column: z.int().positive(),
});

const opLine = z.object({
  index: z.int().positive().describe('1 for the first op of the run'),
  text: z.string().describe('The op in words, e.g. "rename sessions.json -> sessions.json.bak.<time>"'),
  site: site.optional().describe('Where in the source the store asked for it'),
});

const grade = z.enum(['durable', 'atomic', 'lossy', 'inconclusive']);
const outcome = z.enum(OUTCOMES);

const cell = z.object({
  store: z.string(),
  scenario: z.string(),
  model: z.enum(MODELS),
  profile: z.string().optional(),
  claim: z.enum(['durable', 'atomic', 'lossy']),
  grade,
  expected: z
    .object({ grade: z.enum(['lossy', 'atomic']), outcomes: z.array(outcome).optional() })
    .optional()
    .describe('A bug this store is known to have here'),
  status: z
    .enum(['kept', 'broken', 'known-bug', 'missed-bug'])
    .describe(
      'kept: the claim holds; broken: it does not, or could not be shown; known-bug: the expected bug was found; missed-bug: it was not',
    ),
  reason: z.string().optional().describe('Why the cell is inconclusive, or which known bug was missed'),
  points: count.describe('Boundaries tried: before, between, after and inside ops'),
  states: count.describe('Crash states judged, after folding boundaries between which nothing changed'),
  folded: count.describe('Boundaries judged together with the one before them, because nothing on disk changed in between'),
  kills: count.describe('Child processes really killed; 0 when the states were observed in one run'),
  distinct: count.describe('Different trees among the states'),
  violations: count.describe('Crash states below the claim'),
  sampled: z.object({ tried: count, of: count }).optional().describe('Set when not every point inside the writes was tried'),
  outcomes: z.record(z.string(), count).describe('Outcome -> crash states'),
  picture: z.string().describe('One letter for each boundary, in order: see `PICTURE`'),
  folds: z
    .string()
    .optional()
    .describe('One character for each letter of `picture`: `=` where the boundary was folded into the one before it, else `.`'),
  notes: z.array(z.string()),
  durationMs: z.number().nonnegative(),
});

const caseResult = z.object({
  id: z.string().describe('<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail]'),
  outcome,
  grade,
  violation: z.boolean(),
  after: opLine.optional().describe('The last op that happened; absent before the first op'),
  inside: count.optional().describe('Bytes of that op that were carried out, when the kill came inside it'),
  end: z.boolean().describe('True at the last boundary: the run ended by itself, nothing was killed'),
  until: opLine.optional().describe('The op after which the outcome is gone again'),
  found: z.string().describe('What recovery found, in words'),
  promised: z.string().describe('What the store had promised, in words'),
  onDisk: z.array(z.object({ path: z.string(), bytes: count.optional() })),
  lost: z.array(z.string()),
  site: site.optional(),
  missingBarrier: z.string().optional(),
  replay: z.string().describe('The command that rebuilds this case'),
});

export const resultSchema = z.object({
  schema: z.literal('crash-matrix/1'),
  version: z.string().describe('Version of crash-matrix'),
  recorder: z.enum(['ptrace', 'binding']),
  observed: z.boolean().describe('True when the states were taken from one run by copying, instead of by killing'),
  node: z.string(),
  platform: z.string(),
  seed: z.int(),
  durationMs: z.number().nonnegative(),
  cells: z.array(cell),
  cases: z.array(caseResult).describe('Every violation, and every case when asked for'),
});

export type Result = z.infer<typeof resultSchema>;
export type CellResult = z.infer<typeof cell>;
export type CaseResult = z.infer<typeof caseResult>;
export type OpLine = z.infer<typeof opLine>;
export type SiteLine = z.infer<typeof site>;

/** The letters of a cell's picture. Small letters are fine; capitals lose data. */
export const PICTURE = {
  original: 'o',
  new: 'n',
  stale: 'S',
  empty: 'E',
  mixed: 'M',
  unreadable: 'U',
  hung: 'H',
  blocked: 'B',
  'false-ack': 'F',
  exposed: 'X',
} as const satisfies Record<(typeof OUTCOMES)[number], string>;
