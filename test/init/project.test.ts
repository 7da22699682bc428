import { describe, expect, test } from 'vitest';
import { newFiles } from '../../harness/init/files.ts';
import { type Project, projectOf } from '../../harness/init/project.ts';

const PLAIN: Project = { language: 'javascript', modules: 'commonjs', runner: 'none', manager: 'npm', isInstalled: false };

describe('a project', () => {
  test.each<[string, object | undefined, string[], Partial<Project>]>([
    ['with nothing', undefined, [], {}],
    ['of ES modules', { type: 'module' }, [], { modules: 'esm' }],
    ['in TypeScript', { devDependencies: { typescript: '5' } }, [], { language: 'typescript' }],
    ['with a tsconfig.json', {}, ['tsconfig.json'], { language: 'typescript' }],
    ['with vitest', { devDependencies: { vitest: '4' } }, [], { runner: 'vitest' }],
    ['with jest', { devDependencies: { jest: '30' } }, [], { runner: 'jest' }],
    ['with node:test', { scripts: { test: 'node --test' } }, [], { runner: 'node' }],
    ['of pnpm', {}, ['pnpm-lock.yaml'], { manager: 'pnpm' }],
    ['of yarn', {}, ['yarn.lock'], { manager: 'yarn' }],
    ['of bun', {}, ['bun.lock'], { manager: 'bun' }],
    ['that names its package manager', { packageManager: 'pnpm@10.2.0' }, [], { manager: 'pnpm' }],
    ['that has crash-matrix', { dependencies: { 'crash-matrix': '1' } }, [], { isInstalled: true }],
  ])('%s', (_, manifest, files, expected) => {
    expect(projectOf(manifest && JSON.stringify(manifest), files)).toEqual({ ...PLAIN, ...expected });
  });

  test.each(['{', '[]', '{"scripts": 1}'])('with a package.json that cannot be read: %s', (text) => {
    expect(() => projectOf(text, [])).toThrow();
  });
});

describe('its first files', () => {
  const pathsOf = (project: Partial<Project>, runner: Project['runner'], workflow = false): string[] =>
    newFiles({ ...PLAIN, ...project }, { name: 'notes', runner, workflow }).map(({ path }) => path);

  test('are in its language', () => {
    expect(pathsOf({}, 'vitest')).toEqual(['crash/notes.mjs', 'crash-matrix.config.mjs', 'crash/notes.test.mjs']);
    expect(pathsOf({ language: 'typescript' }, 'node')).toEqual(['crash/notes.ts', 'crash-matrix.config.ts', 'crash/notes.test.ts']);
    expect(pathsOf({}, 'jest')).toContain('crash/notes.test.js');
    expect(pathsOf({}, 'none', true)).toEqual(['crash/notes.mjs', 'crash-matrix.config.mjs', '.github/workflows/crash-matrix.yml']);
  });

  test.each([
    ['npm', 'npm ci', 'npx crash-matrix run'],
    ['pnpm', 'pnpm install --frozen-lockfile', 'pnpm exec crash-matrix run'],
    ['yarn', 'yarn install --immutable', 'yarn crash-matrix run'],
    ['bun', 'bun install --frozen-lockfile', 'bunx crash-matrix run'],
  ] as const)('install with %s', (manager, install, run) => {
    const [workflow] = newFiles({ ...PLAIN, manager }, { name: 'notes', runner: 'none', workflow: true }).slice(-1);
    expect(workflow?.text).toContain(`- run: ${install}\n`);
    expect(workflow?.text).toContain(`- run: ${run} `);
  });
});
