/** JSON files of crash-matrix that a user names (results, baselines, traces): read, or refused with what is wrong, where, and what to do. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { baselineSchema } from '../domain/baseline.ts';
import { UsageError } from '../domain/errors.ts';
import { resultSchema } from '../domain/result.ts';
import { traceFileSchema } from '../domain/trace-file.ts';

/** A kind of file. Each says in its member `schema` what it is, and in which version. */
interface Kind<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly id: string;
  readonly words: string;
  /** How one is made. */
  readonly again: string;
}

export const RESULT: Kind<typeof resultSchema> = {
  schema: resultSchema,
  id: resultSchema.shape.schema.value,
  words: 'a result of crash-matrix',
  again: 'A run writes one: crash-matrix run --reporter json=crash-matrix.json',
};

export const BASELINE: Kind<typeof baselineSchema> = {
  schema: baselineSchema,
  id: baselineSchema.shape.schema.value,
  words: 'a baseline of crash-matrix',
  again: 'Take it back from version control; or move it away, and --update-baseline makes a new one.',
};

export const TRACE: Kind<typeof traceFileSchema> = {
  schema: traceFileSchema,
  id: traceFileSchema.shape.schema.value,
  words: 'a trace of crash-matrix',
  again: 'Record one: crash-matrix trace --store ./notes.ts --scenario replace',
};

/** `where`: the option or command that names the file. Throws UsageError. */
export function readJsonFile<Schema extends z.ZodType>(where: string, path: string, kind: Kind<Schema>): z.infer<Schema> {
  return parseJsonFile(where, path, readText(where, path), kind);
}

/** Throws UsageError. */
export function readText(where: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${where} ${path}: it cannot be read: ${messageOf(error)}`);
  }
}

/** The same of a file that was read. */
export function parseJsonFile<Schema extends z.ZodType>(
  where: string,
  path: string,
  text: string,
  { schema, id, words, again }: Kind<Schema>,
): z.infer<Schema> {
  const refuse = (what: string, next = again): never => {
    throw new UsageError(`${where} ${path}: ${what}`, next);
  };
  const json = parsed(text, words, refuse);
  const named = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined;
  if (named !== id) refuse(...otherSchema(named, json, { id, words, again }));
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return refuse(`at ${z.core.toDotPath(issue?.path ?? [])}: ${issue?.message ?? 'it is not what it should be'}`);
}

function parsed(text: string, words: string, refuse: (what: string) => never): unknown {
  if (text.trim() === '') return refuse('it is empty');
  try {
    return JSON.parse(text);
  } catch (error) {
    // What begins as an object and does not end as one was cut off by whatever copied or wrote it.
    const isCut = /^\s*\{/.test(text) && !/\}\s*$/.test(text);
    if (isCut) return refuse(`it is cut off in line ${text.trimEnd().split('\n').length}: ${messageOf(error)}`);
    return refuse(`it is no JSON, and so not ${words}: ${messageOf(error)}`);
  }
}

/** Of which kind or version a file is instead, and what to do. */
function otherSchema(
  named: unknown,
  json: unknown,
  { id, words, again }: Pick<Kind<z.ZodType>, 'id' | 'words' | 'again'>,
): [what: string, next: string] {
  const family = id.slice(0, id.lastIndexOf('/') + 1);
  if (typeof named !== 'string') return [`it is JSON, but not ${words}: it has no schema`, again];
  if (!named.startsWith(family)) return [`it is JSON, but not ${words}: its schema is ${JSON.stringify(named)}`, again];
  const by = typeof json === 'object' && json !== null && 'version' in json ? `, ${String(json.version)}` : '';
  return [
    `its schema is ${JSON.stringify(named)}, and this crash-matrix reads ${id}`,
    `Read it with the crash-matrix that wrote it${by}, or make it again with this one.`,
  ];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
