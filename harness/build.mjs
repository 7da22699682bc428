/**
 * Builds dist/: the command line and library as ES modules, and the programs that run in children as plain CommonJS, each in one
 * file so that they start fast. With --types also the type declarations.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  sourcemap: false,
};

await Promise.all([
  build({
    ...common,
    format: 'esm',
    packages: 'external',
    entryPoints: {
      cli: 'harness/cli/main.ts',
      index: 'harness/index.ts',
      tracer: 'harness/record/ptrace/tracer.ts',
      schema: 'harness/report/json.ts',
    },
  }),
  build({
    ...common,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    entryPoints: {
      workload: 'harness/child/workload.ts',
      'fault-workload': 'harness/child/fault-workload.ts',
      'task-workload': 'harness/child/task-workload.ts',
      'binding-hooks': 'harness/record/binding/hooks.ts',
      interleave: 'harness/child/interleave.ts',
      recoverer: 'harness/child/recoverer.ts',
      describe: 'harness/child/describe.ts',
    },
  }),
]);

const { resultJsonSchema } = await import(pathToFileURL(join(dist, 'schema.js')).href);
writeFileSync(join(dist, 'schema.json'), `${JSON.stringify(resultJsonSchema(), null, 2)}\n`);
rmSync(join(dist, 'schema.js'));

if (process.argv.includes('--types')) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = ['-p', 'tsconfig.json', '--noEmit', 'false', '--emitDeclarationOnly', '--declaration', '--outDir', 'dist/types'];
  if (!existsSync(tsc)) throw new Error('typescript is not installed');
  const { status } = spawnSync(process.execPath, [tsc, ...options], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
