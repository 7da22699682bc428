import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildChildren, type Children, lineOf, opsOf, type Run, stepsOf } from './children.ts';
import { reaches } from './reach.ts';

let children: Children;
let run: Run;
beforeAll(async () => {
  children = await buildChildren();
  run = await children.run(await children.module(`export { reaches as steps } from './reach.ts';`), { kind: 'observe' });
});
afterAll(() => children.close());

test('every program resolves and the run finishes', () => {
  expect(run.events.filter(({ kind }) => kind === 'rejected')).toEqual([]);
  expect(run.events.at(-1)).toEqual({ kind: 'end', how: 'finished' });
});

test.each(reaches.map(({ name, ops, unmeasured = [] }, index) => [name, ops, unmeasured, index] as const))(
  '%s',
  (_, ops, unmeasured, index) => {
    const events = stepsOf(run)[index] ?? [];
    const step = `step-${index}`;
    const outside = new RegExp(`\\.\\.[^ ]*-other-${step}`, 'g');
    const lines = opsOf(events).map((op) => lineOf(op, step).replaceAll(outside, '<out>'));
    expect(lines.filter((line) => !/^(utimes|chown) /.test(line))).toEqual(ops); // newer versions of libuv copy times and owner, too
    const seen = events.flatMap((event) => (event.kind === 'unmeasured' ? [event.what.replace(step, '<step>')] : []));
    expect(seen).toEqual(unmeasured);
    expect(JSON.stringify(opsOf(events).map(({ path, to }) => [path, to?.path]))).not.toContain(dirname(run.directory));
  },
);
