import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import * as library from '../harness/index.ts';
import { findInstallation } from '../harness/machine/installation.ts';
import { exhaustive } from './lab/depth.ts';

const { root } = findInstallation(import.meta.url);
const page = readFileSync(join(root, 'docs/api.md'), 'utf8');

exhaustive('docs/api.md is what the sources say: npm run api writes it', async () => {
  const { apiPage } = (await import(pathToFileURL(join(root, 'harness/api-page.mjs')).href)) as { apiPage(): string };
  expect(apiPage()).toBe(page);
});

test('each section has a docstring, and each value that is exported has a section', () => {
  const sections = page
    .split(/^### /m)
    .slice(1)
    .map((section) => section.split('\n\n'));
  expect(sections.filter(([, docs]) => docs?.startsWith('```'))).toEqual([]);
  const names = sections.map(([name]) => name);
  for (const name of Object.keys(library)) expect(names).toContain(name);
});
