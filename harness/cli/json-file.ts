/** A JSON file that a user names: what is wrong with it, and where. */
import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { UsageError } from '../domain/errors.ts';

/** Throws UsageError, which names `flag` and the file. */
export function readJsonFile<Schema extends z.ZodType>(flag: string, path: string, schema: Schema): z.infer<Schema> {
  const fail = (what: string): never => {
    throw new UsageError(`${flag} ${path}: ${what}`);
  };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(`it is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `at ${issue.path.join('.')}: `;
  return fail(`${place}${issue?.message ?? 'it is not what it should be'}`);
}
