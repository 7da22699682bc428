/** The gallery's page, adapters and versions say the same. What the page found is written by `npm run gallery` and not repeated here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findInstallation } from '../harness/machine/installation.ts';

const { root } = findInstallation(import.meta.url);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
interface Manifest {
  readonly dependencies: { readonly [name: string]: string };
  readonly optionalDependencies: { readonly [name: string]: string };
  readonly workspaces?: unknown;
}
const gallery = JSON.parse(read('gallery/package.json')) as Manifest;
const page = read('docs/gallery.md');
const stores = readdirSync(join(root, 'gallery/stores')).map((file) => file.replace('.js', ''));

test('every version is pinned, as in the lock file', () => {
  const lock = JSON.parse(read('gallery/package-lock.json')) as {
    readonly packages: { readonly [path: string]: { readonly version: string } };
  };
  for (const [name, wanted] of Object.entries({ ...gallery.dependencies, ...gallery.optionalDependencies })) {
    expect(wanted).toMatch(/^(?:npm:[\w-]+@)?\d+\.\d+\.\d+$/);
    expect(lock.packages[`node_modules/${name}`]?.version).toBe(wanted.replace(/^npm:.*@/, ''));
  }
});

test.each(stores)('%s names versions that are installed, and has a row and a section with its command', (name) => {
  const header = read(`gallery/stores/${name}.js`).split('\n')[1]?.slice(3) ?? '';
  const versions = Object.values({ ...gallery.dependencies, ...gallery.optionalDependencies }).map((version) =>
    version.replace(/^npm:.*@/, ''),
  );
  const named = [...header.matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version);
  expect(named.length).toBeGreaterThan(0);
  expect(versions).toEqual(expect.arrayContaining(named));
  expect(page).toContain(`\n| [${name}](#${name}) | `);
  expect(page).toContain(`\n### ${name}\n\n${header}\n`);
  expect(page).toContain(`\nnpm run -s crash-matrix -- run --store ./stores/${name}.js\n`);
});

test('the page has no other sections, and no path of a machine', () => {
  const sections = page.slice(page.indexOf('## Each package')).match(/^### .*$/gm) ?? [];
  expect(sections.map((section) => section.slice(4))).toEqual(stores);
  expect(page).not.toContain(root);
});

test('the root installs nothing of it', () => {
  const { workspaces, ...rest } = JSON.parse(read('package.json')) as Manifest;
  expect(workspaces).toBeUndefined();
  expect(Object.keys(rest.dependencies)).toEqual(['esbuild']);
});
