/** The options that say what runs, how and how much: of `crash-matrix run` and of `runMatrix`. */
import { Option } from 'commander';
import { EFFORT_NAMES, GATING_EFFORT, MOST_CRASHES } from '../domain/effort.ts';
import { modelsInHelp, onlyShown } from './model-list.ts';
import { atLeastOne, byEffort, crashes, flag, list, recorder, seed, shard, states, timeout } from './options.ts';

export const whatRuns = (): Option[] => [
  list('--store <name or file>', 'a built-in store, or a file with your own', 'all built-in ones'),
  list('--scenario <name>', 'what the store goes through', 'all that the store supports'),
  list('--model <name>', `${modelsInHelp()}; a profile that is named is also held to the claim`, 'all that need no root'),
  new Option('--shard <i/n>', 'only the i-th of n parts, which take about the same time; merge makes one report of all').argParser(shard),
];

export const how = (): Option[] => [
  recorder(),
  timeout(),
  list('--fault <call>', 'fail only these calls: call[:path][=ERRNO], as in rename:*.tmp or write=ENOSPC', 'all'),
  flag('--observe', 'take the states from one run by copying, instead of killing a child for each'),
  flag('--strict', `hold every claim where it is only shown unless --model names it: ${onlyShown().join(', ')}`),
  flag('--bail', 'after a broken claim start no further cell'),
  new Option('--no-cache', 'run also the cells that nothing has changed for since an earlier run'),
  new Option('--cache-dir <dir>', 'where cells are kept (default: node_modules/.cache/crash-matrix, or the cache directory of the user)'),
];

export const howMuch = (): Option[] => [
  new Option('--effort <name>', 'quick finds the likeliest losses and proves nothing, standard is the gate, deep is for the night')
    .choices(EFFORT_NAMES)
    .default(GATING_EFFORT),
  states(byEffort('states')),
  new Option(
    '--depth <crashes>',
    `crashes in a row, each in the recovery from the one before, up to ${MOST_CRASHES}; with 3 or more until nothing new comes (default: ${byEffort('crashes')})`,
  ).argParser(crashes),
  new Option(
    '--preemptions <number>',
    `race: switches from a process that could go on, in one run (default: ${byEffort('preemptions')})`,
  ).argParser(atLeastOne),
  new Option(
    '--histories <number>',
    `random histories per cell (default: ${byEffort('histories')}; fewer where each costs more)`,
  ).argParser(atLeastOne),
  seed(),
];

export const allCases = (): Option => flag('--all-cases', 'every case in the JSON, not only violations');

export const matrixOptions = (): Option[] => [...whatRuns(), ...how(), ...howMuch(), allCases()];
