/** `crash-matrix diagnose`: the cases that leave a directory like a damaged one. */
import { readdirSync, statSync } from 'node:fs';
import { Option } from 'commander';
import { diagnosed } from '../diagnose.ts';
import { EFFORTS, type Effort } from '../domain/effort.ts';
import { UsageError } from '../domain/errors.ts';
import { scanTree } from '../domain/tree.ts';
import { withCommas } from '../domain/words.ts';
import { diagnosisText } from '../report/diagnosis.ts';
import { checkAvailable } from './available.ts';
import type { CliCommand } from './command.ts';
import { list, recorder, seed, states, timeout } from './options.ts';
import type { Output } from './output.ts';
import { replaysOf } from './run-options.ts';
import { withSession } from './session.ts';
import { selectCells } from './stores.ts';

interface DiagnoseFlags {
  readonly store: string;
  readonly scenario: readonly string[];
  readonly model: readonly string[];
  readonly recorder?: string;
  readonly timeout: number;
  readonly seed: number;
  readonly states?: number;
}

const MODELS = ['process-kill', 'power-loss', 'io-error'] as const;

export const diagnoseCommand: CliCommand<DiagnoseFlags> = {
  name: 'diagnose',
  description: 'which cases leave a directory like this damaged one; shows no contents, and exits with 1 if none does',
  arguments: [{ name: 'dir', description: 'the damaged directory; it is only read' }],
  options: [
    new Option('--store <name>', 'a built-in store, or a file that exports one').makeOptionMandatory(),
    list('--scenario <name>', 'only the cases of this scenario', 'all but random histories'),
    list('--model <name>', 'only the cases of this model', MODELS.join(', ')),
    recorder(),
    timeout(),
    seed(),
    states(withCommas(EFFORTS.standard.states)),
  ],
  examples: [
    'crash-matrix diagnose ./broken --store ./notes.ts',
    'crash-matrix diagnose /srv/sessions.old --store rename-away --model process-kill',
  ],
  run: ([directory = ''], flags, output) => diagnose(directory, flags, output),
};

async function diagnose(path: string, flags: DiagnoseFlags, output: Output): Promise<number> {
  const tree = readable(path);
  return withSession(flags.recorder, async (session) => {
    const timeoutMs = flags.timeout * 1000;
    const models = flags.model.length === 0 ? MODELS : flags.model;
    const selection = { stores: [flags.store], scenarios: flags.scenario, models, holds: 'none', timeoutMs } as const;
    const { cells: all } = await selectCells(session, selection, Date.now());
    // A history is drawn, and its states are not kept.
    const cells = all.filter(({ scenario }) => scenario.histories !== true);
    const [first] = cells;
    if (first === undefined)
      throw new UsageError('there is nothing to compare with: random histories keep no directories', 'Name another --scenario.');
    checkAvailable(cells, session.machine);
    const { states: most = EFFORTS.standard.states, seed: drawnBy } = flags;
    const effort: Effort = { name: 'standard', ...EFFORTS.standard, ...ONE_CRASH, states: most, seed: drawnBy };
    const diagnosis = await diagnosed(tree, cells, { ...session, effort, timeoutMs, onProgress: () => {} });
    const replay = replaysOf(effort, flags);
    output.print(diagnosisText(diagnosis, (id) => replay(first, id), output));
    return diagnosis.differences.length === 0 && diagnosis.suspects.length > 0 ? 0 : 1;
  });
}

/** One crash or one fault: what two leave, one mostly leaves too. Kills are copies of one run, which are the same trees. */
const ONE_CRASH = { kills: 'observed', crashes: 1, recoveries: 0, statesInRecovery: 0, secondFaults: 0, crashedFaults: 0 } as const;

/** Throws `UsageError`. */
function readable(path: string): ReturnType<typeof scanTree> {
  try {
    if (!statSync(path).isDirectory()) throw new UsageError(`${path} is no directory`, 'Name the directory that the store was given.');
    readdirSync(path);
    return scanTree(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read: ${(error as Error).message}`,
      'Copy it, with the rights to read all of it, and name the copy.',
    );
  }
}
