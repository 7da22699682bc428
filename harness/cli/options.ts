/** Options that several commands have, and how the texts of options are read. */
import { InvalidArgumentError, Option } from 'commander';
import { EFFORT_NAMES, EFFORTS, MOST_CRASHES } from '../domain/effort.ts';
import { withCommas } from '../domain/words.ts';
import type { Shard } from '../models/shards.ts';
import { RECORDERS } from '../record/all.ts';

const several = (value: string, before: readonly string[]): string[] => [...before, ...value.split(',').map((name) => name.trim())];

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('It must be a number greater than 0.');
  return number;
}

export function atLeastOne(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number of 1 or more.');
  return number;
}

export function crashes(value: string): number {
  if (!/^[1-9]$/.test(value) || Number(value) > MOST_CRASHES)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_CRASHES}.`);
  return Number(value);
}

function whole(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

/** `2/3`: the second of three. */
export function shard(value: string): Shard {
  const { index, of } = /^(?<index>[1-9]\d{0,3})\/(?<of>[1-9]\d{0,3})$/.exec(value)?.groups ?? {};
  if (index === undefined || Number(index) > Number(of)) throw new InvalidArgumentError('It must be like 1/3, 2/3 or 3/3.');
  return { index: Number(index), of: Number(of) };
}

/** Options that stand together in help. */
export const group = (heading: string, options: readonly Option[]): Option[] => options.map((option) => option.helpGroup(heading));

/** An option that may be given again, or with several values between commas. `all` says in help what is chosen without it. */
export const list = (flags: string, description: string, all: string): Option =>
  new Option(flags, `${description}; repeat for more`).argParser(several).default([], all);

export const flag = (flags: string, description: string): Option => new Option(flags, description).default(false);

export const redact = (): Option =>
  flag('--redact', 'reports hold no contents and no values, and no message that could quote them: their length and a hash instead');

export const recorder = (): Option =>
  new Option('--recorder <name>', `how ops are recorded (default: ${RECORDERS[0].name} where it works)`).choices(
    RECORDERS.map(({ name }) => name),
  );
export const timeout = (): Option =>
  new Option('--timeout <seconds>', 'limit for each load, save and quit').argParser(positive).default(10);
export const seed = (): Option =>
  new Option('--seed <number>', 'for all that is drawn: sampled states, random histories').argParser(whole).default(0);
/** `otherwise`: how many without this option. */
export const states = (otherwise: string): Option =>
  new Option('--states <number>', `distinct states of power loss per cell up to which all are judged (default: ${otherwise})`).argParser(
    atLeastOne,
  );

/** The limit of each effort: `quick 200, standard 2,000, deep 10,000`; one number where they share it. */
export function byEffort(limit: 'states' | 'crashes' | 'histories' | 'preemptions'): string {
  const limits = EFFORT_NAMES.map((name) => EFFORTS[name][limit]);
  if (new Set(limits).size === 1) return withCommas(EFFORTS.standard[limit]);
  return EFFORT_NAMES.map((name) => `${name} ${withCommas(EFFORTS[name][limit])}`).join(', ');
}
