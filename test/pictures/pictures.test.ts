/** The pictures that the README shows, as `npm run pictures` left them. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';

const { root } = findInstallation(import.meta.url);
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const svg = readFileSync(join(root, 'docs/pictures/run.svg'), 'utf8');

test.each([
  ['run.svg', 100_000],
  ['page.png', 300_000],
])('%s is small, and the README shows it before its first section, with words in its place', (name, bytes) => {
  expect(statSync(join(root, 'docs/pictures', name)).size).toBeLessThan(bytes);
  const [start = ''] = readme.split(/^## /m);
  expect(new RegExp(`!\\[(.*)\\]\\(docs/pictures/${name}\\)`).exec(start)?.[1]?.length).toBeGreaterThan(40);
});

test('the terminal shows a run of the store that the README has', () => {
  const [, store = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const texts = [...svg.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, text = '']) =>
    text.replace(/<[^>]*>/g, '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  );
  for (const line of store.split('\n').filter((text) => text !== '')) expect(texts).toContain(line);
  expect(texts).toContain('$ npx crash-matrix run --store ./notes.ts');
  expect(texts).toContain('1  notes: notes.ts:4 writes the file that load reads in place');
  expect(texts.at(-2)).toMatch(/^\d+ claims broken$/);
});
