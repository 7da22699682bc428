/**
 * The result as JSON, and back: what leaves here and what comes in is checked against the published schema.
 */
import * as z from 'zod';
import { type Result, resultSchema } from '../domain/result.ts';
import { MODELS } from '../models/all.ts';
import { RECORDERS } from '../record/all.ts';

export function jsonReport(result: Result): string {
  return `${JSON.stringify(resultSchema.parse(result), null, 2)}\n`;
}

/** Reads a result back. Throws an error that says where in the text it is not one. */
export function parseResult(text: string): Result {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`not a crash-matrix result, because it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`not a crash-matrix/1 result:\n${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}

/** The JSON Schema of `crash-matrix.json`, for readers in other languages. */
export function resultJsonSchema(): object {
  const [first, ...others] = RECORDERS;
  const recorder = z.enum([first.name, ...others.map(({ name }) => name)]).describe('The name of the recorder');
  const [model, ...models] = MODELS.map(({ name }) => name);
  const named = z.enum([model ?? '', ...models]).describe('The name of the model');
  const cells = z.array(resultSchema.shape.cells.element.extend({ model: named }));
  const schema = z.toJSONSchema(resultSchema.extend({ recorder, cells }));
  return { $id: 'urn:crash-matrix:result:1', title: 'Result of a crash-matrix run', ...schema };
}
