import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildChildren, type Children } from './children.ts';

let children: Children;
beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.close());

test('hooked calls answer like unhooked ones and leave the same trees', async () => {
  const { events } = await children.run(
    await children.module(`import { agreement } from './agreement.ts'; export const steps = [agreement(100, 1)];`),
    { kind: 'observe' },
    60_000,
  );
  expect(events.flatMap((event) => (event.kind === 'rejected' ? [event.message] : [])).join('\n')).toBe('');
  expect(events.at(-1)).toEqual({ kind: 'end', how: 'finished' });
});
