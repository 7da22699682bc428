import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBundle, siteOf, sitesOf } from '../../../harness/record/binding/sites.ts';
import { buildChildren, type Children, opsOf } from './children.ts';

const SOURCE = fileURLToPath(new URL('lines.ts', import.meta.url));
const lines = readFileSync(SOURCE, 'utf8').split('\n');

let children: Children;
let module: string;
/** For each step the text of the comment on the lines that its ops were asked for at. */
let asked: string[][];

beforeAll(async () => {
  children = await buildChildren();
  module = await children.module(`export { steps } from './lines.ts';`);
  const run = await children.run(module, { kind: 'observe' });
  const bundle = readBundle(module);
  asked = [[]];
  for (const event of run.events) {
    if (event.kind === 'resolved') asked.push([]);
    if (event.kind !== 'op') continue;
    const site = siteOf(event.stack ?? '', bundle);
    expect(site?.file, event.stack).toBe(SOURCE);
    asked.at(-1)?.push(/\/\/ (.*)$/.exec(lines[(site?.line ?? 0) - 1] ?? '')?.[1] ?? `line ${site?.line}: ${event.stack}`);
  }
  expect(opsOf(run.events).length).toBeGreaterThan(20);
});
afterAll(() => children.close());

test.each([
  [0, 'a synchronous call'],
  [1, 'an awaited call'],
  [2, 'a call that is returned'],
  [3, 'a callback'],
  [4, 'a write stream'],
  [5, 'an awaited FileHandle', 'its write', 'its sync', 'its close'],
  [6, 'a recursive rm'],
])('every op of step %i has the line that asked for it', (step, ...comments) => {
  expect([...new Set(asked[step])]).toEqual(comments);
});

test('files are named as seen from the working directory, or in full', () => {
  const stack = `at writeFileSync (node:fs:1:1)\nat save (${module}:1:1)\nat save (${join(children.root, 'other.js')}:3:7)`;
  expect(sitesOf({ bundle: module }, children.root)(stack)).toEqual({ file: 'other.js', line: 3, column: 7, in: 'save' });
  expect(sitesOf({ bundle: module }, join(children.root, 'elsewhere'))(stack)).toMatchObject({
    file: join(children.root, 'other.js'),
    line: 3,
    column: 7,
  });
});

test('without a map the frame stands as it is; without a frame there is no site', () => {
  const plain = join(children.root, 'plain.cjs');
  writeFileSync(plain, 'exports.x = 1;\n');
  expect(siteOf(`at async Object.save (file://${plain}:2:3)`, readBundle(plain))).toEqual({ file: plain, line: 2, column: 3, in: 'save' });
  expect(siteOf('at node:internal/x:1:2\nat <anonymous>\nat native', readBundle(plain))).toBeUndefined();
});

test('a site has the text of its line', () => {
  const plain = join(children.root, 'texts.cjs');
  writeFileSync(plain, `first();\n  second('${'x'.repeat(300)}');\n`);
  const siteAt = sitesOf({ bundle: plain }, children.root);
  expect(siteAt(`at ${plain}:1:1`)).toEqual({ file: 'texts.cjs', line: 1, column: 1, source: 'first();' });
  expect(siteAt(`at ${plain}:2:3`)?.source).toMatch(/^second\('x{192}$/);
  expect(siteAt(`at ${plain}:9:1`)).toEqual({ file: 'texts.cjs', line: 9, column: 1 });
});

test.each([
  ['save', 'save'],
  ['async Object.save', 'save'],
  ['save2', 'save'],
  ['new Store', 'Store'],
  ['Store.flush [as close]', 'flush'],
  ['Object.<anonymous>', undefined],
])('the function of a frame of %s is %s', (name, expected) => {
  const plain = join(children.root, 'names.cjs');
  writeFileSync(plain, '');
  expect(siteOf(`at ${name} (${plain}:1:1)`, readBundle(plain))?.in).toBe(expected);
});

test('an inline map is read', () => {
  const inline = join(children.root, 'inline.cjs');
  const map = { version: 3, sources: ['a.ts'], names: [], mappings: 'AAEE' };
  writeFileSync(inline, `x();\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`);
  expect(siteOf(`at ${inline}:1:1`, readBundle(inline))).toEqual({ file: join(children.root, 'a.ts'), line: 3, column: 3 });
});
