/**
 * The result as JSON: what leaves here is checked against the published schema. `cli/json-file.ts` reads it back.
 */
import * as z from 'zod';
import { type Result, resultSchema } from '../domain/result.ts';
import { traceFileSchema } from '../domain/trace-file.ts';
import { MODELS } from '../models/all.ts';
import { RECORDERS } from '../record/all.ts';

export function jsonReport(result: Result): string {
  return `${JSON.stringify(resultSchema.parse(result), null, 2)}\n`;
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

/** The JSON Schema of the files that `crash-matrix trace` writes. */
export function traceJsonSchema(): object {
  return { $id: 'urn:crash-matrix:trace:1', title: 'Trace of crash-matrix', ...z.toJSONSchema(traceFileSchema) };
}
