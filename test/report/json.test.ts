import { expect, test } from 'vitest';
import { jsonReport, parseResult, resultJsonSchema } from '../../harness/report/json.ts';
import { failing } from './fixture.ts';

test('a result survives the way through JSON', () => {
  const text = jsonReport(failing);
  expect(parseResult(text)).toEqual(failing);
  expect(text).toMatch(/^\{\n {2}"schema": "crash-matrix\/1",\n/);
  expect(text).toMatch(/\}\n$/);
});

test('what is no result does not leave', () => {
  expect(() => jsonReport({ ...failing, seed: 0.5 })).toThrow(/seed/);
});

test.each([
  ['no JSON', '{"schema": ', /not a crash-matrix result, because it is no JSON: /],
  ['another schema', '{"schema":"other/1"}', /not a crash-matrix\/1 result:\n.*\n +→ at schema/],
  ['a bad grade', jsonReport(failing).replace('"grade": "durable"', '"grade": "good"'), /at cells\[0\]\.grade/],
])('bad input is refused, with the place where it is bad: %s', (_, text, message) => {
  expect(() => parseResult(text)).toThrow(message);
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
