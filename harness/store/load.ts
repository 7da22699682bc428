/**
 * Loads the store that `--store` names: bundles it, and describes it in a process of its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { UsageError } from '../domain/errors.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { didYouMean } from '../domain/nearest.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { Installation } from '../machine/installation.ts';
import { scenarioFor } from '../scenario/contracts.ts';
import { BundleError, type BundleOptions, type BundleRequest, bundleStore } from './bundle.ts';
import { BUILT_IN_STORES } from './catalogue.ts';
import type { Description, StoreFacts } from './description.ts';
import { withFiles } from './fixture.ts';

export interface LoadOptions extends Pick<BundleOptions, 'onBundled'> {
  readonly installation: Installation;
  /** Where bundles are written. */
  readonly outdir: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** The built-in scenarios. */
  readonly scenarios: readonly Scenario[];
  readonly now: number;
  /** Names that claims and known bugs may be given for. */
  readonly modelNames: readonly string[];
  /** How long a store file may take to load, in ms. */
  readonly timeoutMs: number;
  /** As in `BundleRequest`: the store is loaded as it would be with these files. */
  readonly replaced?: LoadedStore['replaced'];
}

/** Throws `UsageError` if the store does not exist, does not build, or is not valid. */
export async function loadStore(argument: string, options: LoadOptions): Promise<LoadedStore> {
  const source = sourceOf(argument, options);
  const { outdir, installation, onBundled } = options;
  const bundling = { outdir, self: installation.library, ...(onBundled && { onBundled }) };
  let bundle: string;
  try {
    bundle = await bundleStore({ ...source, name: source.fileName }, bundling);
  } catch (error) {
    if (error instanceof BundleError) throw new UsageError(`store ${argument} does not build`, error.message);
    throw error;
  }
  let description = await describe(bundle, argument, options);
  if (description.kind === 'threw' && (description.code === 'ERR_REQUIRE_ASYNC_MODULE' || description.code === 'ERR_REQUIRE_ESM')) {
    bundle = await bundleStore({ ...source, name: source.fileName }, bundling, 'esm');
    description = await describe(bundle, argument, options);
  }
  switch (description.kind) {
    case 'threw':
      throw new UsageError(`store ${argument} threw while it was loaded`, description.error);
    case 'invalid':
      throw new UsageError(
        `store ${argument} is not a store: ${description.problems.join('; ')}`,
        'Export one as default: export default { save: (dir, value) => …, load: (dir) => … }',
      );
    case 'store':
      return finish(argument, source.name, bundle, description.facts, options);
    default:
      return description satisfies never;
  }
}

/** Bundles the store with its packages, for the fake file system. Throws `BundleError` if that fails. */
export function bundleForFake(
  { argument, replaced }: LoadedStore,
  { onBundled, ...options }: Pick<LoadOptions, 'installation' | 'outdir' | 'cwd' | 'onBundled'>,
): Promise<string> {
  const source = sourceOf(argument, { ...options, ...(replaced && { replaced }) });
  const { outdir, installation } = options;
  return bundleStore({ ...source, name: source.fileName }, { outdir, self: installation.library, ...(onBundled && { onBundled }) }, 'fake');
}

interface Source extends Omit<BundleRequest, 'name'> {
  readonly name: string;
  readonly fileName: string;
}

function sourceOf(argument: string, { replaced, ...options }: Pick<LoadOptions, 'installation' | 'outdir' | 'cwd' | 'replaced'>): Source {
  const source = sourceAsItIs(argument, options);
  if (replaced === undefined) return source;
  const text = JSON.stringify([...replaced]);
  return { ...source, fileName: `${source.fileName}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, replaced };
}

function sourceAsItIs(argument: string, { cwd, installation, outdir }: Pick<LoadOptions, 'installation' | 'outdir' | 'cwd'>): Source {
  const builtIn = BUILT_IN_STORES.find(({ name }) => name === argument);
  if (builtIn !== undefined) {
    return { name: argument, fileName: argument, contents: builtIn.entry, resolveDir: installation.root };
  }
  if (!/[\\/.]/.test(argument))
    throw new UsageError(
      didYouMean(
        'store',
        argument,
        BUILT_IN_STORES.map(({ name }) => name),
      ),
      'Pass a store of your own as a file: --store ./notes.ts',
    );
  const file = resolve(cwd, argument);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`store ${argument}: there is no file ${file}`);
  if (!stat.isFile() && !MODULES_OF_DIRECTORIES.some((entry) => existsSync(join(file, entry))))
    throw new UsageError(`store ${argument} is no file`, 'Name the module that exports the store: --store ./notes.ts');
  const name = basename(file, extname(file)).replace(/[^\w.-]/g, '-');
  // Two files of the same name in two directories must not share a bundle.
  const fileName = `${name}-${Buffer.from(relative(outdir, dirname(file)))
    .toString('base64url')
    .slice(-40)}`;
  return {
    name,
    fileName,
    contents: `import * as store from ${JSON.stringify(file)}; export default store.default;`,
    resolveDir: dirname(file),
  };
}

/** By one of these a directory is a module. */
const MODULES_OF_DIRECTORIES = ['package.json', 'index.ts', 'index.tsx', 'index.js', 'index.json'];

/** What paths in a store's scenarios are relative to. A built-in store has none. */
const sourceDirectory = (argument: string, { cwd }: Pick<LoadOptions, 'cwd'>): string => dirname(resolve(cwd, argument));

async function describe(
  bundle: string,
  argument: string,
  { installation, cwd, env, timeoutMs, now, modelNames }: LoadOptions,
): Promise<Description> {
  const args = ['--enable-source-maps', installation.describe, bundle, String(now), modelNames.join()];
  const result = await execa(process.execPath, args, {
    cwd,
    env,
    extendEnv: false,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    timeout: timeoutMs,
    forceKillAfterDelay: 100,
    reject: false,
    maxBuffer: 64 << 20,
  });
  const answer = result.stdio[3];
  if (typeof answer === 'string' && answer.startsWith('{')) return JSON.parse(answer) as Description;
  if (result.timedOut)
    throw new UsageError(
      `store ${argument} was not loaded within ${timeoutMs / 1000} s`,
      'Its module must not wait for anything at its top level.',
    );
  throw new UsageError(`store ${argument} ended its process while it was loaded (${result.signal ?? `exit code ${result.exitCode}`})`);
}

function finish(argument: string, fileName: string, bundle: string, facts: StoreFacts, options: LoadOptions): LoadedStore {
  const known = options.scenarios.map(({ name }) => name);
  const unknown = facts.scenarios?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`store ${argument}: ${didYouMean('scenario', unknown, known)}`);
  const all = [...known, ...facts.ownScenarios.map(({ name }) => name)];
  const misnamed = Object.keys(facts.knownBugs).find((name) => !all.includes(name));
  if (misnamed !== undefined) throw new UsageError(`store ${argument}: knownBugs: ${didYouMean('scenario', misnamed, all)}`);
  const builtIn = options.scenarios.filter(({ name }) => facts.scenarios === undefined || facts.scenarios.includes(name));
  const own = facts.ownScenarios.map((scenario) => withFiles(scenario, sourceDirectory(argument, options)));
  const scenarios = [...builtIn, ...own].flatMap((scenario) => scenarioFor(scenario, facts.abilities) ?? []);
  return {
    name: facts.name ?? fileName,
    argument,
    bundle,
    kind: facts.kind,
    ...(facts.program && {
      program: { ...facts.program, cwd: options.cwd, directory: resolve(options.cwd, facts.program.directory) },
    }),
    readsTimes: facts.kind !== 'module' || namesTimes(readFileSync(bundle, 'utf8')),
    abilities: facts.abilities,
    ignore: facts.ignore,
    claims: facts.claims,
    knownBugs: facts.knownBugs,
    scenarios,
    env: facts.env,
    ...(facts.empty !== undefined && { empty: facts.empty }),
    ...(facts.litter !== undefined && { litter: facts.litter }),
    ...(options.replaced && { replaced: options.replaced }),
  };
}

/** Whether a bundle names a time of files, as every code does that reads one. Packages, which stay outside of it, are not looked at. */
const namesTimes = (bundle: string): boolean => /\b[mc]time(?:Ms|Ns)?\b|\bbirthtime/.test(bundle);
