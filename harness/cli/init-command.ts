/** `crash-matrix init`: the first files of a project that crashes its store. It writes over nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import { type NewFile, newFiles, type Wanted } from '../init/files.ts';
import { MANAGERS, type Project, projectOf, RUNNERS, type Runner } from '../init/project.ts';
import type { CliCommand } from './command.ts';
import { CONFIG_FILES } from './config-file.ts';
import { flag } from './options.ts';
import type { Output } from './output.ts';

interface InitFlags {
  readonly name?: string;
  readonly test?: Runner;
  readonly workflow?: boolean;
  readonly yes: boolean;
}

const NAME = /^[A-Za-z0-9][\w-]{0,63}$/;
const DEFAULT_NAME = 'notes';

export const initCommand: CliCommand<InitFlags> = {
  name: 'init',
  description: 'writes the first files: a store to put your own code into, a configuration, a test and a workflow; writes over nothing',
  arguments: [],
  options: [
    new Option('--name <name>', `the name of the store (default: ${DEFAULT_NAME})`),
    new Option('--test <runner>', 'the runner of its test (default: the one that the project has)').choices(RUNNERS),
    new Option('--workflow', 'a workflow for GitHub Actions (default: where there is a .github)'),
    new Option('--no-workflow', 'none'),
    flag('--yes', 'ask nothing'),
  ],
  examples: ['crash-matrix init', 'crash-matrix init --name sessions --test vitest --workflow --yes'],
  run: (_, flags, output) => init(flags, output),
};

async function init(flags: InitFlags, output: Output): Promise<number> {
  const directory = process.cwd();
  const project = projectIn(directory);
  const asks = !flags.yes && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const wanted = asks ? await answers(flags, project, directory) : defaults(flags, project, directory);
  if (!NAME.test(wanted.name))
    throw new UsageError(
      `a store cannot be named "${wanted.name}"`,
      'A name has letters, digits, - and _, and begins with a letter or digit.',
    );
  const configured = CONFIG_FILES.find((name) => existsSync(join(directory, name)));
  const files = newFiles(project, wanted).map(
    (file): NewFile => (configured !== undefined && CONFIG_FILES.includes(file.path) ? { ...file, path: configured } : file),
  );
  const fresh = files.filter(({ path }) => !existsSync(join(directory, path)));
  for (const file of fresh) write(directory, file);
  for (const file of files) output.print(`${fresh.includes(file) ? 'written' : 'is there, left as it is'}  ${file.path}`);
  output.print(`\n${nextSteps(project, wanted, { files, configured })}`);
  return 0;
}

/** Throws `UsageError` for a package.json that cannot be read. */
function projectIn(directory: string): Project {
  const file = join(directory, 'package.json');
  try {
    return projectOf(existsSync(file) ? readFileSync(file, 'utf8') : undefined, readdirSync(directory));
  } catch (error) {
    throw new UsageError(`package.json cannot be read: ${(error as Error).message}`, 'Mend it, then run init again.');
  }
}

function defaults({ name = DEFAULT_NAME, test, workflow }: InitFlags, { runner }: Project, directory: string): Wanted {
  return { name, runner: test ?? runner, workflow: workflow ?? existsSync(join(directory, '.github')) };
}

/** What the flags leave open. An empty answer is the default. */
async function answers(flags: InitFlags, project: Project, directory: string): Promise<Wanted> {
  const otherwise = defaults(flags, project, directory);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ask = async (question: string, byDefault: string): Promise<string> =>
    (await terminal.question(`${question} (${byDefault}) `)).trim() || byDefault;
  try {
    const name = flags.name ?? (await ask('Name of the store?', otherwise.name));
    const test = flags.test ?? (await ask(`Test runner: ${RUNNERS.join(', ')}?`, otherwise.runner));
    const runner = RUNNERS.find((known) => known === test);
    if (runner === undefined) throw new UsageError(`there is no test runner "${test}"`, `Choose one of ${RUNNERS.join(', ')}.`);
    const workflow = flags.workflow ?? /^y/i.test(await ask('A workflow for GitHub Actions, y or n?', otherwise.workflow ? 'y' : 'n'));
    return { name, runner, workflow };
  } finally {
    terminal.close();
  }
}

/** Throws `UsageError` where nothing can be written, and never replaces a file. */
function write(directory: string, { path, text }: NewFile): void {
  const file = join(directory, path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${(error as Error).message}`);
  }
}

interface Written {
  readonly files: readonly NewFile[];
  /** The configuration that was there before. */
  readonly configured: string | undefined;
}

function nextSteps({ manager, isInstalled }: Project, { runner }: Wanted, { files, configured }: Written): string {
  const { add, run } = MANAGERS[manager];
  const [store] = files;
  const steps = [
    ...(isInstalled ? [] : [`${add} crash-matrix`]),
    `put your own save and load into ${store?.path}`,
    ...(configured === undefined ? [] : [`see that ${configured}, which was there, names it: store: './${store?.path}'`]),
    `${run} crash-matrix run --effort quick    a first look`,
    `${run} crash-matrix run                   the gate`,
    ...(runner === 'none' ? [] : ['run your tests: the store is one of them now']),
  ];
  return ['next:', ...steps.map((step, index) => `  ${index + 1}. ${step}`)].join('\n');
}
