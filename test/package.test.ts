/** What npm would publish works where nothing but its own dependencies is installed. */
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findInstallation } from '../harness/installation.ts';
import { openPlace, type Place, TEN_LINES } from './cli/command.ts';

describe('the package', () => {
  const { root } = findInstallation(import.meta.url);
  let place: Place;
  let installed: string;
  let files: readonly string[];
  beforeAll(async () => {
    place = openPlace();
    const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [packed] = JSON.parse(stdout) as [{ readonly files: readonly { readonly path: string }[] }];
    files = packed.files.map(({ path }) => path);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const modules = join(place.root, 'node_modules');
    installed = join(modules, 'crash-matrix');
    for (const path of files) cpSync(join(root, path), join(installed, path));
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
  });
  afterAll(() => place.close());

  test('carries what it runs, and nothing else', () => {
    const rooms = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')));
    expect([...rooms].filter((room) => !room.startsWith('src/') && !room.startsWith('dist/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'harness/store',
      'package.json',
    ]);
    expect(files.filter((path) => /^dist\/types\/(?!harness\/)|\.test\./.test(path))).toEqual([]);
  });

  test('runs every model', async () => {
    place.write({ 'ten.cjs': TEN_LINES });
    const args = ['run', '--store', './ten.cjs', '--scenario', 'replace,two-savers,histories', '--histories', '1', '--depth', '1'];
    const { stdout, stderr, exitCode } = await place.run(args, { root: installed });
    expect([exitCode, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/process-kill.*io-error.*power-loss.*interleaving.*histories.*claims broken/s);
  });

  test('has types that stand alone', async () => {
    place.write({
      'store.ts': `import { defineStore } from 'crash-matrix';
        export default defineStore({ save: (dir: string, value: { id: number }) => void [dir, value.id], load: () => ({ id: 1 }) });
        export const wrong: number = defineStore;`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: [] },
        files: ['store.ts'],
      }),
    });
    const { stdout } = await execa(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: place.root, reject: false });
    expect(stdout).toMatch(/^store\.ts\(3,22\): error TS2322: .*$/);
  });
});
