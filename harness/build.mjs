/**
 * Builds dist/: the command line, the library and the tracer as ES modules, the programs that run in children as plain CommonJS. Each is
 * one file with all that it needs, so that it starts fast: a command reads one file instead of three hundred. page.html is the HTML report
 * without a result in it. With --types also the type declarations.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { resultTypes } from './result-types.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  // Programs of their own, which cannot be bundled.
  external: ['esbuild', 'koffi'],
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  sourcemap: false,
  metafile: true,
};

const built = await Promise.all([
  build({
    ...common,
    format: 'esm',
    // Packages in CommonJS ask for Node's own modules by `require`.
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
    entryPoints: { cli: 'harness/cli/main.ts', tracer: 'harness/record/ptrace/tracer.ts', schema: 'harness/report/json.ts' },
  }),
  // What a program imports. What both have in common is in one place, so that there is one class of each error.
  build({
    ...common,
    format: 'esm',
    splitting: true,
    chunkNames: 'shared',
    external: [...common.external, 'vitest'],
    entryPoints: { index: 'harness/index.ts', vitest: 'harness/vitest/vitest.ts' },
  }),
  // For what cannot `require` an ES module, as jest on Node 20 and 22.
  build({
    ...common,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': 'thisUrl' },
    banner: { js: "const thisUrl = require('node:url').pathToFileURL(__filename).href;" },
    entryPoints: { index: 'harness/index.ts' },
  }),
  build({
    ...common,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    entryPoints: {
      workload: 'harness/child/workload.ts',
      'fault-workload': 'harness/child/fault-workload.ts',
      'fork-server': 'harness/child/fork-server.ts',
      'task-workload': 'harness/child/task-workload.ts',
      'quit-workload': 'harness/child/quit-workload.ts',
      'binding-hooks': 'harness/record/binding/hooks.ts',
      interleave: 'harness/child/interleave.ts',
      recoverer: 'harness/child/recoverer.ts',
      'recovery-server': 'harness/child/recovery-server.ts',
      survey: 'harness/child/survey.ts',
      describe: 'harness/child/describe.ts',
    },
  }),
  build({
    ...common,
    format: 'iife',
    platform: 'browser',
    // Browsers with DecompressionStream.
    target: ['chrome103', 'firefox113', 'safari16.4'],
    minify: true,
    write: false,
    entryPoints: { page: 'harness/report/page/main.tsx', style: 'harness/report/page/page.css' },
  }),
]);
writeFileSync(join(dist, 'page.html'), pageOf(built.at(-1).outputFiles));
writeFileSync(join(dist, 'third-party-licenses.txt'), licensesOf(built.flatMap(({ metafile }) => Object.keys(metafile.inputs))));

const { resultJsonSchema, traceJsonSchema } = await import(pathToFileURL(join(dist, 'schema.js')).href);
const schema = resultJsonSchema();
writeFileSync(join(dist, 'schema.json'), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(join(dist, 'trace.schema.json'), `${JSON.stringify(traceJsonSchema(), null, 2)}\n`);
rmSync(join(dist, 'schema.js'));

if (process.argv.includes('--types')) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  if (!existsSync(tsc)) throw new Error('typescript is not installed');
  rmSync(join(dist, 'types'), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'harness/tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  const types = join(dist, 'types/harness');
  writeFileSync(join(types, 'domain/result.d.ts'), resultTypes(schema));
  writeFileSync(join(types, 'index.d.cts'), "export * from './index.js';\n");
  const declarations = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  for (const file of declarations.map((name) => join(types, name))) if (/ from 'zod'/.test(readFileSync(file, 'utf8'))) rmSync(file);
}

/** The shell of the report, with its script and its style in it, and a policy that allows no others. */
function pageOf(outputs) {
  const textOf = (extension) => outputs.find(({ path }) => path.endsWith(extension)).text.trim();
  const [script, style] = [textOf('.js'), textOf('.css')];
  const hashOf = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  const holes = {
    '%script-hash%': hashOf(script),
    '%style-hash%': hashOf(style),
    '<!-- script -->': `<script>${script}</script>`,
    '<!-- style -->': `<style>${style}</style>`,
  };
  const shell = readFileSync(join(root, 'harness/report/page/shell.html'), 'utf8');
  return shell.replaceAll(/%[a-z-]+%|<!-- [a-z]+ -->/g, (hole) => holes[hole] ?? hole);
}

/** The licenses of the packages that these files belong to, which ask to be passed on with their code. */
function licensesOf(files) {
  const packages = new Set(
    files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter((found) => found !== undefined),
  );
  const texts = [...packages].sort().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    const files = readdirSync(join(root, path)).filter((file) => /^licen[cs]e/i.test(file));
    return [`${name} ${version} (${license})`, ...files.map((file) => readFileSync(join(root, path, file), 'utf8').trim())].join('\n\n');
  });
  return `${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}
