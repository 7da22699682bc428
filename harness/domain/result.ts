/**
 * The result of a run, schema `crash-matrix/1`: types, validation and JSON Schema from one source.
 *
 * Everything a report shows is in here; reports never look at a store's directory.
 */
import * as z from 'zod';
import { EFFORT_NAMES, limitsSchema } from './effort.ts';
import { evidenceSchema } from './evidence.ts';
import { HELD_BY } from './grade.ts';
import { MECHANISM_NAMES } from './mechanisms.ts';
import { metSchema } from './met.ts';
import { opLine, siteLine } from './op-line.ts';
import { OUTCOME_NAMES } from './outcomes.ts';
import { stageTimesSchema } from './stages.ts';

const count = z.int().nonnegative();

const mechanism = z.enum(MECHANISM_NAMES);

const grade = z.enum(['durable', 'atomic', 'lossy', 'inconclusive']);
const outcome = z.enum(OUTCOME_NAMES);

const explored = z.object({
  kind: z.enum(['exhaustive', 'sampled']),
  states: count.describe('Combinations of what was lost that were looked at'),
  distinct: count.describe('Different trees among them, counted anew under each promise; all of these were judged'),
  limit: count.describe('Different trees up to which all are enumerated'),
});

const deeper = z.object({
  levels: z
    .array(z.object({ crashes: z.int().positive(), crashed: count, of: count, states: count }))
    .describe(
      'From the third crash on: new trees that the crash before left in a recovery, how many of their recoveries were crashed, and the states judged then',
    ),
  end: z
    .enum(['nothing-new', 'crashes', 'limits'])
    .describe(
      'nothing-new: the last crash left no tree whose recovery had not been crashed; crashes: it left some, and no more crashes were asked for; limits: not all that came was crashed, so nobody knows',
    ),
  after: z.int().positive().describe('Crashes in a row that were tried'),
});

const recoveries = z
  .object({
    crashed: count,
    of: count,
    states: count,
    deeper: deeper.optional().describe('Set where more than two crashes in a row were asked for'),
  })
  .describe('Ways to recover from the first crash, how many of these recoveries were crashed again, and the states judged then');

const laterCrash = z.object({ after: opLine.optional(), inside: count.optional(), lost: z.array(z.string()) });

const tried = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('kills'),
      kills: count.describe('Child processes really killed; 0 when the states were observed in one run'),
      folded: count.describe('Boundaries judged together with the one before them, because nothing on disk changed in between'),
      sampled: z.object({ tried: count, of: count }).optional().describe('Set when not every point inside the writes was tried'),
      recoveries: recoveries.optional(),
    }),
    z.object({
      kind: z.literal('states'),
      explored: z
        .object({ pages: explored, sectors: explored.optional() })
        .describe('How much of what the profile allows was enumerated, by whole pages and with writes torn at 512 bytes'),
      barriers: z
        .array(opLine.extend({ needed: z.enum(['yes', 'no', 'undecided']) }))
        .optional()
        .describe('Each fsync of the run, and whether the claim would fall without it'),
      recoveries: recoveries.optional(),
    }),
    z.object({
      kind: z.literal('quits'),
      asked: count.describe('Processes that were asked to quit, where the store does something then'),
      asKills: count.describe('Quits that nothing handles: what they leave is what a kill leaves there, and was observed in one run'),
      inWork: count.describe('Of both: those that came in the middle of a step, or before something promised was written'),
      sampled: z.object({ tried: count, of: count }).optional().describe('Set where not all were asked that could be'),
    }),
    z.object({ kind: z.literal('cuts'), cuts: count.describe('Power cuts made on a real file system') }),
    z.object({
      kind: z.literal('faults'),
      tried: count.describe('Calls that failed, one run for each'),
      twice: z.object({ tried: count, of: count }).describe('Runs with a second fault, after the first'),
      lasting: z
        .object({ tried: count, of: count })
        .optional()
        .describe(
          'Runs in which what failed stayed so: a call that is tried again, a full disk for one step, a file system that became read-only',
        ),
      crashed: z.object({ tried: count, of: count }).optional().describe('Faults that were followed by a crash at each later boundary'),
      lying: z
        .object({ grade, outcomes: z.record(z.string(), count) })
        .optional()
        .describe('What power loss leaves where each fsync only says that it is done; shown, not held against the store'),
    }),
    z.object({
      kind: z.literal('starts'),
      tried: count.describe('Starts that are not as the store left them'),
      of: count.describe('How many there are: the files of which some are damaged are limited'),
    }),
    z.object({
      kind: z.literal('schedules'),
      reach: z.enum(['exhaustive', 'bounded', 'sampled']),
      tried: count.describe('Runs, each in an order of its own'),
      distinct: count.describe('Different states of directory and tasks (interleaving), or orders of ops (race), that were passed'),
      crashes: count.describe('Crashes of all tasks that were judged'),
      kills: count.describe('Kills of one task that were judged, while the others went on'),
      bound: count.optional().describe('Switches from a task that could have gone on'),
    }),
  ])
  .describe('How the store was tried, and how often');

const cell = z.object({
  store: z.string(),
  scenario: z.string(),
  model: z.string().describe('The name of the model'),
  profile: z.string().optional().describe('The persistence profile (power-loss) or the real file system (power-cut)'),
  claim: z.enum(['durable', 'atomic', 'lossy']),
  heldBy: z
    .enum(HELD_BY)
    .optional()
    .describe(
      'Why a broken claim fails the run though on this profile it would only be shown: claim, the store claims it for this very profile; name, --model names the profile; strict, --strict',
    ),
  grade,
  expected: z
    .object({ grade: z.enum(['lossy', 'atomic']), outcomes: z.array(outcome).optional() })
    .optional()
    .describe('A bug this store is known to have here'),
  status: z
    .enum(['kept', 'unbroken', 'broken', 'shown', 'known-bug', 'missed-bug'])
    .describe(
      'kept: the claim holds; unbroken: no loss was found, by an effort too small to say that the claim holds; broken: it does not, or could not be shown; shown: it does not, on a profile where nothing holds the store to it; known-bug: the expected bug was found; missed-bug: it was not',
    ),
  reason: z.string().optional().describe('Why the cell is inconclusive, or which known bug was missed'),
  points: count.describe('Boundaries tried: before, between, after and inside ops'),
  states: count.describe('States of a first crash that were judged, after folding boundaries between which nothing changed'),
  tried: tried.optional().describe('Absent where nothing could be judged'),
  met: metSchema.optional(),
  histories: z
    .object({ tried: count, segments: count.describe('Processes that ran') })
    .optional()
    .describe('Set where what the store goes through is drawn at random: the histories that were'),
  distinct: count.describe('Different trees among the states'),
  violations: count.describe('Crash states below the claim'),
  outcomes: z.record(z.string(), count).describe('Outcome -> crash states; of crashes in recovery the losses only'),
  picture: z.string().describe('One letter for each boundary, in order: see `OUTCOMES`'),
  folds: z
    .string()
    .optional()
    .describe('One character for each letter of `picture`: `=` where the boundary was folded into the one before it, else `.`'),
  notes: z.array(z.string()),
  durationMs: z.number().nonnegative(),
  stages: stageTimesSchema
    .optional()
    .describe('Milliseconds of that by stage, while other cells ran beside it; absent where the cell is reused'),
  reused: z
    .boolean()
    .optional()
    .describe('True where nothing had changed since an earlier run: the cell, with the time that it took, is of that run'),
});

const missingBarrier = z.object({
  target: z.enum(['file', 'directory']),
  path: z.string().describe('What to fsync, as in the ops; "." is the directory of the store'),
  after: opLine.optional().describe('The first op after which it works; absent where it works before all of them'),
  before: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('op'), op: opLine }),
      z.object({ kind: z.literal('acknowledgement'), step: count.describe('0 for the first step') }),
      z.object({ kind: z.literal('end') }),
    ])
    .describe('What it must not come after'),
  times: z.int().positive().describe('How often the run passed its line'),
});

const cellMend = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('mended'),
    barriers: z.array(missingBarrier),
    coverage: z.enum(['exhaustive', 'sampled']).describe('Of the exploration with the barriers, in which nothing failed'),
  }),
  z.object({
    kind: z.literal('unmendable'),
    because: z
      .enum(['crash-alone', 'cut-short', 'no-place'])
      .describe('Nothing is lost in the case that remains; only a part of the last op is; no place for a barrier is in between'),
    afterOp: count.describe('The boundary of the case that remains'),
    lost: z.array(z.int().positive()).describe('The ops that it lost'),
  }),
  z.object({ kind: z.literal('undecided'), because: z.enum(['too-many', 'not-found']) }),
]);

const members = z.object({ count, names: z.array(z.string()).describe('The first of them, e.g. `settings.theme`, `[3]`') });

const caseResult = z.object({
  id: z.string().describe('<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail]'),
  outcome,
  grade,
  violation: z.boolean(),
  after: opLine.optional().describe('The last op that happened; absent before the first op'),
  inside: count.optional().describe('Bytes of that op that were carried out, when the kill came inside it'),
  end: z.boolean().describe('True at the last boundary: the run ended by itself, nothing was killed'),
  quitBy: z.string().optional().describe('How the process ended, e.g. "SIGTERM, which nothing handles, when step 1 had settled"'),
  forced: z.string().optional().describe('Power cut: what the machine did before, e.g. "syncfs after op 5"'),
  again: laterCrash.optional().describe('The second crash, in recovery'),
  further: z.array(laterCrash).optional().describe('The crashes after the second, each in the recovery from the one before'),
  until: opLine.optional().describe('The op after which the outcome is gone again'),
  fault: z.string().optional().describe('What failed, e.g. "op 2 open sessions.json fails with EMFILE"'),
  start: z
    .string()
    .optional()
    .describe('What the store found when it started, where that is not as it was left, e.g. "sessions.json, cut off in its middle"'),
  killed: z.string().optional().describe('Race: the task whose process was killed, while the others went on'),
  schedule: z
    .array(z.object({ task: z.string(), ops: z.array(z.string()) }))
    .optional()
    .describe('Who did what, in order: each entry is what one task did before another one went on'),
  history: z.array(z.string()).optional().describe('The steps of a generated history, e.g. "save v1", "crash after op 3"'),
  found: z.string().describe('What recovery found, in words'),
  foundBy: z.string().optional().describe('Who found it, where that is not the load or the save of a store'),
  promised: z.string().describe('What the store had promised, in words'),
  differs: z
    .object({
      from: z
        .enum(['promised', 'under way'])
        .describe('The value that is nearest: the last acknowledged one, or that of the save under way'),
      missing: members,
      changed: members,
      added: members,
    })
    .optional()
    .describe('In which members the loaded value differs; absent where the two have nothing in common'),
  onDisk: z.array(z.object({ path: z.string(), bytes: count.optional() })),
  lost: z.array(z.string()).describe('Power loss: the ops, or parts of ops, that are not on disk'),
  site: siteLine.optional(),
  landed: z
    .string()
    .optional()
    .describe('Power loss, of the smallest case: what made the loss visible, e.g. the op that is on disk without what was lost'),
  missingBarrier: z.string().optional().describe('`mend` in words'),
  mend: cellMend
    .optional()
    .describe(
      'Power loss: the fewest barriers that would mend every failing case of the cell, verified by exploring again, or why there are none',
    ),
  blame: z
    .object({ mechanism, op: z.string().describe('The op that began it, in words'), site: siteLine.optional() })
    .optional()
    .describe('What one change would have to mend; absent where no op can be named'),
  replay: z.string().describe('The command that rebuilds this case'),
});

const cause = z.object({
  id: z
    .string()
    .describe(
      '<store>/<mechanism>/<hash>: the same while the text of the line is, wherever the line moves; of the op where no line is known',
    ),
  store: z.string(),
  mechanism: mechanism.or(z.literal('unexplained')).describe('`unexplained`: violations that are to blame on no op, listed as themselves'),
  op: z.string().describe('The op that began it, in words'),
  site: siteLine.optional(),
  says: z.string().describe('One line: where, and what it does'),
  outcomes: z.array(outcome).describe('What was found, worst first'),
  cells: z.array(z.string()).describe('<store>/<scenario>/<model>[:<profile>] of each cell with a case of it'),
  worst: z.record(z.string(), outcome).describe('<model>[:<profile>] -> the worst that it leaves there'),
  cases: count.describe('Cases in `cases` that it explains'),
  shortest: z.string().describe('The id of the plainest case'),
  status: z
    .enum(['broken', 'shown', 'known'])
    .describe('broken: a claim falls by it; shown: only where the store is not held to it; known: a known bug, or in the baseline'),
  beyond: z.array(z.string()).optional().describe('Set where the baseline knows it: where it reaches further or leaves something worse'),
  mend: z
    .object({
      text: z.string(),
      verified: z.boolean().describe('True where the mend was carried out, and every case of its cell was gone'),
      barriers: z.array(missingBarrier).optional().describe('Where it is verified: what all its cells lack, each named once'),
    })
    .optional(),
});

export const resultSchema = z.object({
  schema: z.literal('crash-matrix/1'),
  version: z.string().describe('Version of crash-matrix'),
  recorder: z.string().describe('The name of the recorder'),
  observed: z.boolean().describe('True when the states were taken from one run by copying, instead of by killing'),
  effort: z.enum(EFFORT_NAMES).describe('How much was tried, in one word'),
  limits: limitsSchema.describe('How much was tried: the limits of the effort, with those that options changed'),
  faults: z.array(z.string()).optional().describe('Of the calls that could fail only these did, as call[:path][=ERRNO]: --fault'),
  node: z.string(),
  platform: z.string(),
  seed: z.int(),
  durationMs: z.number().nonnegative(),
  shard: z
    .object({
      index: z.int().positive(),
      of: z.int().positive(),
      places: z.array(count).describe('The place of each of its cells in the list of all'),
    })
    .optional()
    .describe('Set where the run was one of several that share the cells: `merge` makes one result of them'),
  baseline: z
    .object({
      file: z.string(),
      known: count.describe('Causes that are in it'),
      mended: z.array(z.object({ id: z.string(), says: z.string() })).describe('Entries of which every cell ran and none showed it'),
      untried: count.describe('Entries that this run did not try'),
    })
    .optional()
    .describe('Set where the causes were held against a baseline'),
  causes: z.array(cause).describe('What one change each would mend, in the order of how much it takes with it; explains every violation'),
  cells: z.array(cell),
  cases: z.array(caseResult).describe('Every violation, and every case when asked for'),
  evidence: evidenceSchema.optional().describe('Set where a reporter asked for it that keeps it'),
});

export type Result = z.infer<typeof resultSchema>;
export type CellResult = z.infer<typeof cell>;
export type Tried = z.infer<typeof tried>;
export type Recoveries = z.infer<typeof recoveries>;
export type CaseResult = z.infer<typeof caseResult>;
export type Cause = z.infer<typeof cause>;
export type CellMend = z.infer<typeof cellMend>;
export type MissingBarrierLine = z.infer<typeof missingBarrier>;
export type OpLine = z.infer<typeof opLine>;
export type SiteLine = z.infer<typeof siteLine>;
