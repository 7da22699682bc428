import { expect, test } from 'vitest';
import { resultSchema } from '../../harness/domain/result.ts';
import { jsonReport, resultJsonSchema, traceJsonSchema } from '../../harness/report/json.ts';
import { failing } from './fixture.ts';

test('a result survives the way through JSON', () => {
  const text = jsonReport(failing);
  expect(resultSchema.parse(JSON.parse(text))).toEqual(failing);
  expect(text).toMatch(/^\{\n {2}"schema": "crash-matrix\/1",\n/);
  expect(text).toMatch(/\}\n$/);
});

test('what is no result does not leave', () => {
  expect(() => jsonReport({ ...failing, seed: 0.5 })).toThrow(/seed/);
});

test('the schema is published with a name', () => {
  expect(resultJsonSchema()).toMatchObject({
    $id: 'urn:crash-matrix:result:1',
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: expect.any(String),
    type: 'object',
    properties: { schema: { const: 'crash-matrix/1' }, cells: { type: 'array' } },
  });
});

test('and that of trace files', () => {
  expect(traceJsonSchema()).toMatchObject({
    $id: 'urn:crash-matrix:trace:1',
    type: 'object',
    properties: { schema: { const: 'crash-matrix-trace/1' }, ops: { type: 'array' } },
  });
});
