/**
 * Bundles a store's own files into one, so that a child starts as fast as plain node.
 *
 * Packages stay external, under their absolute path, so that native addons and files beside them work wherever the bundle runs.
 * The format is CommonJS, because it loads faster; it is an ES module if the store has a top-level await.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, build, formatMessages, type Loader, type Plugin, stop, version } from 'esbuild';

export interface BundleRequest {
  /** The name of the bundle's file, without extension. */
  readonly name: string;
  /** A module that has the store as its default export. */
  readonly contents: string;
  /** The directory in which the imports of `contents` are resolved. */
  readonly resolveDir: string;
  /** Files that are read otherwise than they are on disk: absolute path, free of symlinks -> text. */
  readonly replaced?: ReadonlyMap<string, string>;
}

export interface BundleOptions {
  readonly outdir: string;
  /** The file that `import … from 'crash-matrix'` resolves to, with `defineStore` and `defineScenario`. */
  readonly self: string;
  /** Takes the files that the bundle was made of, and those by which they were found. Some of the latter may not exist. */
  readonly onBundled?: (files: readonly string[]) => void;
}

/** Errors in the source, as esbuild prints them: file, line, and the line's text. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** What makes bundles, with its version. */
export const BUNDLER = `esbuild ${version}`;

/** Ends esbuild's own process. */
export const stopBundling = (): Promise<void> => stop();

/** `fake`: CommonJS that includes all packages, for the fake file system, which loads nothing from outside of the bundle. */
export type BundleFormat = 'cjs' | 'esm' | 'fake';

const EXTENSIONS = { cjs: 'cjs', esm: 'mjs', fake: 'fake.cjs' } as const satisfies { [format in BundleFormat]: string };

/** Writes the bundle, with its source map beside it, and returns its path. Throws `BundleError` if the source does not build. */
export async function bundleStore(request: BundleRequest, options: BundleOptions, format: BundleFormat = 'cjs'): Promise<string> {
  const outfile = `${options.outdir}/${request.name}.${EXTENSIONS[format]}`;
  try {
    const { metafile } = await build({
      stdin: { contents: request.contents, resolveDir: request.resolveDir, sourcefile: `${request.name}.entry.js`, loader: 'js' },
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: format === 'esm' ? 'esm' : 'cjs',
      sourcemap: 'linked',
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
      logOverride: { 'import-is-undefined': 'silent' }, // the description of the store reports this better
      define: {
        'import.meta.url': '__crashMatrixUrl',
        'import.meta.dirname': '__crashMatrixDirname',
        'import.meta.filename': '__crashMatrixFilename',
      },
      plugins: [
        format === 'fake' ? libraryIsHere(options.self) : packagesStayOutside(options.self, format),
        filesAsTheyAre(request.replaced),
      ],
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as __crashMatrixRequire } from 'node:module'; const require = __crashMatrixRequire(import.meta.url);",
        },
      }),
    });
    options.onBundled?.(filesOf(Object.keys(metafile.inputs)));
  } catch (error) {
    const failure = error as BuildFailure;
    if (!Array.isArray(failure.errors)) throw error;
    if (format === 'cjs' && failure.errors.some(({ text }) => text.includes('Top-level await')))
      return bundleStore(request, options, 'esm');
    throw new BundleError(await inWords(failure));
  }
  return outfile;
}

/** Each error with its line, without what esbuild says of its own options and plugins. */
async function inWords({ errors }: BuildFailure): Promise<string> {
  const plain = errors.map(({ text, location }) => ({ text, location }));
  const texts = await formatMessages(plain, { kind: 'error', color: false });
  const missing = errors.flatMap(({ text }) => /^Could not resolve "((?:@[\w.-]+\/)?[\w-][\w.-]*)/.exec(text)?.[1] ?? []);
  const install = missing.length === 0 ? [] : [`Install what is missing: npm install ${[...new Set(missing)].join(' ')}`];
  return [...texts.map((text) => text.replace(/^\S+ \[ERROR\] /, '').trim()), ...install].join('\n\n');
}

/** The inputs, and each package.json that may say which file a package stands for. */
function filesOf(inputs: readonly string[]): string[] {
  const files = new Set<string>();
  for (const input of inputs) {
    const file = resolve(input);
    if (!existsSync(file)) continue; // a module that is made up
    files.add(file);
    for (let directory = dirname(file); directory !== dirname(directory); directory = dirname(directory)) {
      if (basename(directory) === 'node_modules') break;
      files.add(join(directory, 'package.json'));
    }
  }
  return [...files];
}

function libraryIsHere(self: string): Plugin {
  return { name: 'library-is-here', setup: ({ onResolve }) => onResolve({ filter: /^crash-matrix$/ }, () => ({ path: self })) };
}

/** Namespace of modules that re-export an ES module of a package. */
const HANDED_ON = 'handed-on';

function packagesStayOutside(self: string, format: BundleFormat): Plugin {
  const inner = Symbol('inner');
  return {
    name: 'packages-stay-outside',
    setup: ({ onResolve, onLoad, resolve }) => {
      onResolve({ filter: /^crash-matrix$/ }, () => ({ path: self }));
      onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (pluginData === inner || path.startsWith('node:') || builtinModules.includes(path)) return undefined;
        if (kind === 'entry-point') return undefined;
        const found = await resolve(path, { kind, resolveDir, importer, pluginData: inner });
        if (found.errors.length > 0) return { errors: found.errors };
        // Not a package but a path alias of the project's tsconfig: the store's own code.
        if (!found.path.includes('/node_modules/') && !found.path.includes('\\node_modules\\')) return { path: found.path };
        // In CommonJS an `import` becomes a `require`. If the importing file is an ES module by its name or package.json, esbuild takes
        // the result for the default export. That is right for packages in CommonJS; for an ES module the result is the namespace.
        if (format === 'cjs' && kind === 'import-statement' && isEsModule(found.path))
          return { path: `from ${found.path} `, namespace: HANDED_ON, pluginData: found.path }; // not the name of an ES module
        return { path: found.path, external: true };
      });
      onLoad({ filter: /./, namespace: HANDED_ON }, ({ pluginData }) => {
        const name = JSON.stringify(pluginData);
        return { contents: `export * from ${name}; export { default } from ${name};`, loader: 'js' };
      });
      onResolve({ filter: /./, namespace: HANDED_ON }, ({ path }) => ({ path, external: true }));
    },
  };
}

/** As Node decides it: by the extension, or by `type` in the nearest package.json. */
function isEsModule(path: string): boolean {
  if (extname(path) !== '.js') return extname(path) === '.mjs';
  let directory = dirname(path);
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory) directory = dirname(directory);
  const file = join(directory, 'package.json');
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { type?: string }).type === 'module';
}

const LOADERS: { readonly [extension: string]: Loader } = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
};

/** Makes `__dirname`, `__filename` and `import.meta` name the source file. Adds no line, so that line numbers stay. */
const filesAsTheyAre = (replaced: BundleRequest['replaced']): Plugin => ({
  name: 'files-as-they-are',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const other = replaced?.get(path);
      const source = other ?? (await readFile(path, 'utf8'));
      const loader = LOADERS[extname(path)];
      if (loader === undefined) return undefined;
      const resolveDir = dirname(path);
      if (!/__dirname|__filename|import\.meta/.test(source))
        return other === undefined ? undefined : { contents: other, loader, resolveDir };
      const place = { Filename: path, Dirname: resolveDir, Url: pathToFileURL(path).href };
      const names = Object.entries(place).map(([name, value]) => `__crashMatrix${name} = ${JSON.stringify(value)}`);
      const comment = source.startsWith('#!') ? '//' : '';
      const contents = `var ${names.join(', ')}, __filename = __crashMatrixFilename, __dirname = __crashMatrixDirname;${comment}${source}`;
      return { contents, loader, resolveDir };
    });
  },
});
