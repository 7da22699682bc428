/**
 * A recorded run as a file, schema `crash-matrix-trace/1`: types, validation and JSON Schema from one source.
 *
 * It holds what a run did to its directory, with all contents, so that crashes can be explored where neither the store nor the program is.
 */
import * as z from 'zod';
import { CALLS, type Call } from './calls.ts';
import { siteLine } from './op-line.ts';
import { CHARSETS, type Json, OPEN_FLAGS } from './trace.ts';

const json: z.ZodType<Json> = z.json();
const count = z.int().nonnegative();
const mode = count.describe('The permission bits');
const hash = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .describe('The SHA-1 of contents, a key of `contents`');

const entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), path: z.string(), mode, contents: hash }),
  z.object({ kind: z.literal('directory'), path: z.string(), mode }),
  z.object({ kind: z.literal('symlink'), path: z.string(), target: z.string() }),
  z.object({ kind: z.literal('other'), path: z.string(), mode }).describe('A device, a socket or a named pipe'),
]);

const gone = z.object({ kind: z.literal('gone'), path: z.string() });

const file = z.object({
  id: count.describe('Numbers files in the order of their first appearance; it survives renames'),
  path: z
    .string()
    .describe('Relative to the directory, which is "."; parts that differ from run to run are <time>, <uuid>, <hash>, <random>'),
  actual: z.string().describe('The path in this run'),
});

const [firstCall, ...otherCalls] = Object.keys(CALLS) as [Call, ...Call[]];

const op = z.object({
  call: z.enum([firstCall, ...otherCalls]),
  via: z.string().describe('The syscall, or the function of Node'),
  file,
  to: file.optional().describe('The new name of a rename, link or symlink'),
  flags: z.array(z.enum(OPEN_FLAGS)).optional(),
  range: z.object({ offset: count, length: count }).optional().describe('In bytes'),
  mode: mode.optional(),
  error: z.string().optional().describe('The name of the errno of an op that failed'),
  process: count.describe('0 for the process that ran the store, 1 and more for those that it started'),
  site: siteLine.optional().describe('The line of source that asked for it'),
  changed: z
    .array(z.union([entry, gone]))
    .optional()
    .describe('Entries of the directory that are others after it; absent where none is'),
});

const mark = z.object({
  kind: z.enum(['resolved', 'rejected']),
  step: count,
  afterOp: count.describe('Ops that came before'),
  name: z.string().optional().describe('What a program acknowledged'),
});

const step = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('save'), value: json }),
  z.object({ kind: z.literal('update'), add: z.record(z.string(), json) }),
  z.object({ kind: z.literal('set'), key: z.string(), value: json }),
  z.object({ kind: z.literal('delete'), key: z.string() }),
  z.object({ kind: z.literal('append'), record: json }),
]);

const charset = z.enum(CHARSETS);

const nameRule = z.object({
  prefix: z.string(),
  suffix: z.string(),
  charset,
  further: z.array(z.object({ after: z.string(), charset })).optional(),
  except: z.array(z.string()),
});

export const traceFileSchema = z.object({
  schema: z.literal('crash-matrix-trace/1'),
  version: z.string().describe('Of crash-matrix'),
  recorder: z.string().describe('What the run was recorded with'),
  platform: z.string().optional().describe('Where it ran, e.g. "linux-x64"'),
  store: z.string().describe('The name of the store or program'),
  program: z
    .object({
      command: z.array(z.string()).min(1),
      directory: z.string().describe('Relative to where the command line was typed'),
      check: z.string().optional().describe('The command that judged; it is shown, and never run'),
    })
    .optional()
    .describe('Where a program ran in place of a store'),
  scenario: z
    .object({ name: z.string(), catches: z.string(), before: z.array(step), steps: z.array(step), next: json })
    .describe('What the store went through; of a program, its steps are what it acknowledged'),
  before: json.optional().describe('What was stored before the first step; absent if nothing was'),
  start: z.array(entry).describe('The directory before the first op'),
  startTimes: z
    .record(z.string(), z.number())
    .optional()
    .describe('When its files were last changed: 0 for the newest, less for older ones; absent where it is not known'),
  ops: z.array(op),
  marks: z.array(mark).describe('Steps that settled, in order'),
  variation: z
    .object({ names: z.array(nameRule), contents: z.array(z.string()).describe('Paths of files whose contents vary') })
    .describe('What differs from run to run'),
  unmeasured: z.array(z.string()).describe('Effects that were seen but are no ops, in words'),
  notes: z.array(z.string()).describe('What is to be said of the run'),
  mismatches: z.array(z.string()).describe('Ops that only one of two recorders saw, in words'),
  readByPromises: z.array(z.string()).optional().describe('Files that fs.promises.readFile read; absent where it is not known'),
  contents: z
    .record(z.string(), z.union([z.object({ text: z.string() }), z.object({ base64: z.string() })]))
    .describe('Contents of files, by their SHA-1; as text where they are UTF-8'),
});

export type TraceFile = z.infer<typeof traceFileSchema>;
export type EntryInFile = z.infer<typeof entry>;
export type ChangeInFile = z.infer<typeof gone> | EntryInFile;
