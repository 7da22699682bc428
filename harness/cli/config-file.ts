/** `--config`: options of a command in a file. The command line goes before the file, and the file before defaults. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import { findInstallation } from '../machine/installation.ts';
import { BundleError, bundleStore, stopBundling } from '../store/bundle.ts';
import { flagsOf } from './option-object.ts';

/** What is taken in the working directory where no file is named; the first that is there. */
export const CONFIG_FILES: readonly string[] = ['ts', 'mts', 'js', 'mjs', 'cjs'].map((extension) => `crash-matrix.config.${extension}`);

export const configOption = (): Option =>
  new Option('--config <file>', `options in a file (default: ${CONFIG_FILES[0]}, .js or .mjs, if there is one)`);

/** Options that say what one run is for. */
const OF_ONE_RUN: readonly string[] = ['config', 'list', 'shard', 'updateBaseline', 'watch', 'dir', 'setup', 'check', 'init', 'trace'];

/** The flags of a command that was parsed, with what its file says. Throws `UsageError`. */
export async function withConfig(command: Command, cwd: string): Promise<object> {
  const flags: { readonly config?: string; readonly [name: string]: unknown } = command.opts();
  if (!command.options.some((option) => option.attributeName() === 'config')) return flags;
  const file = flags.config ?? CONFIG_FILES.find((name) => existsSync(join(cwd, name)));
  if (file === undefined) return flags;
  const options = command.options.filter((option) => !OF_ONE_RUN.includes(option.attributeName()));
  const given = await configIn(file, cwd);
  const ofLine = Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  try {
    return { ...flags, ...flagsOf({ given, options }), ...Object.fromEntries(ofLine) };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${file}: ${error.message}`, error.detail) : error;
  }
}

async function configIn(file: string, cwd: string): Promise<{ readonly [name: string]: unknown }> {
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw new UsageError(`--config ${file}: there is no such file`);
  const outdir = mkdtempSync(join(tmpdir(), 'crash-matrix-config-'));
  const { exit } = process;
  process.exit = () => {
    throw new UsageError(
      `${file} ends the process`,
      'Leave out process.exit: a configuration exports options, and the command ends by itself.',
    );
  };
  try {
    const contents = `import * as config from ${JSON.stringify(path)}; export default config.default;`;
    const self = findInstallation(import.meta.url).library;
    const bundle = await bundleStore({ name: 'config', contents, resolveDir: cwd }, { outdir, self }, 'esm');
    const { default: config } = (await endsIn(file, import(pathToFileURL(bundle).href))) as { readonly default: unknown };
    if (typeof config !== 'object' || config === null)
      throw new UsageError(`${file} has no options`, 'Export them as default: export default defineConfig({ … })');
    return { ...config };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof BundleError) throw new UsageError(`${file} does not build`, error.message);
    throw new UsageError(`${file} threw while it was loaded`, error instanceof Error ? error.message : String(error));
  } finally {
    process.exit = exit;
    await stopBundling();
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** A configuration that takes longer waits for something that does not come. */
const LIMIT_MS = 30_000;

/** Throws `UsageError` where it takes too long, or waits although nothing is left that could come. */
async function endsIn<T>(file: string, loading: Promise<T>): Promise<T> {
  let refuse = (): void => {};
  const never = new Promise<never>((_, reject) => {
    refuse = () => reject(new UsageError(`${file} does not come to its end`, 'It must not wait for anything at its top level.'));
  });
  const timer = setTimeout(refuse, LIMIT_MS).unref();
  process.once('beforeExit', refuse);
  try {
    return await Promise.race([loading, never]);
  } finally {
    clearTimeout(timer);
    process.off('beforeExit', refuse);
  }
}
