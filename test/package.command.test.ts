/** What npm would publish works where nothing but its own dependencies is installed. */
import { chmodSync, chownSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchema } from '../harness/domain/result.ts';
import { findInstallation } from '../harness/machine/installation.ts';
import { expectNothingLeft, openPlace, type Place, TEN_LINES } from './lab/command.ts';
import { noPtrace } from './record/ptrace/tracing.ts';

/** Where tests are run by root, somebody who may do less. */
const USER = process.getuid?.() === 0 ? 65534 : undefined;

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
    // Whoever else is to read it must not have to pass through somebody's home.
    const asked = Object.keys({ ...dependencies, ...optionalDependencies });
    for (const name of [...asked, `@esbuild/${process.platform}-${process.arch}`, `@koromix/koffi-${process.platform}-${process.arch}`])
      if (existsSync(join(root, 'node_modules', name))) cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
    chmodSync(place.root, 0o755);
  });
  afterAll(() => place.close());

  test('carries what it runs, and nothing else', () => {
    const rooms = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')));
    expect([...rooms].filter((room) => !room.startsWith('src/') && !room.startsWith('dist/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'harness/machine',
      'harness/store',
      'package.json',
    ]);
    expect(files.filter((path) => /^dist\/types\/(?!harness\/)|\.test\./.test(path))).toEqual([]);
  });

  test.skipIf(noPtrace !== undefined)('runs every model, without being root', async () => {
    place.write({ 'ten.cjs': TEN_LINES });
    const tmp = place.tmp();
    if (USER !== undefined) chownSync(tmp, USER, USER);
    const chosen = ['--store', './ten.cjs', '--scenario', 'replace,two-savers', '--depth', '1'];
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [join(installed, 'dist/cli.js'), 'run', ...chosen, '--reporter', 'json'],
      {
        cwd: place.root,
        env: { PATH: process.env.PATH ?? '', TMPDIR: tmp },
        extendEnv: false,
        reject: false,
        ...(USER !== undefined && { uid: USER, gid: USER }),
      },
    );
    expect(exitCode, stderr).toBe(1);
    const { recorder, cells } = resultSchema.parse(JSON.parse(stdout));
    expect(recorder).toBe('ptrace');
    expect([...new Set(cells.map(({ model }) => model))].sort()).toEqual([
      'interleaving',
      'io-error',
      'power-loss',
      'process-kill',
      'race',
    ]);
    expect(cells.filter(({ grade }) => grade === 'inconclusive')).toEqual([]);
    await expectNothingLeft(tmp);
  });

  test('has types that stand alone', async () => {
    place.write({
      'store.ts': `import { defineStore } from 'crash-matrix';
        export default defineStore({ save: (dir: string, value: { id: number }) => void [dir, value.id], load: () => ({ id: 1 }) });
        export const wrong: number = defineStore;`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', lib: ['es2022'], strict: true, noEmit: true, types: [] },
        files: ['store.ts'],
      }),
    });
    const { stdout } = await execa(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: place.root, reject: false });
    expect(stdout).toMatch(/^store\.ts\(3,22\): error TS2322: .*$/);
  });
});
