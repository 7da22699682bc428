/** Options as the members of an object, read as the command line reads its texts: one list of names, one set of rules. */
import { InvalidArgumentError, type Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';

interface GivenOptions {
  /** By the names of the command line: `cacheDir` for `--cache-dir`. A member that is undefined counts as absent. */
  readonly given: { readonly [name: string]: unknown };
  /** Of the command. */
  readonly options: readonly Option[];
}

/** Flags as commander would make them. Throws `UsageError`, which names the option, for an unknown one and for what it cannot be. */
export function flagsOf({ given, options }: GivenOptions): { [name: string]: unknown } {
  const byName = new Map(options.map((option) => [option.attributeName(), option]));
  for (const name of Object.keys(given)) if (!byName.has(name)) throw new UsageError(didYouMean('option', name, [...byName.keys()]));
  const flags = [...byName].flatMap(([name, option]) => {
    const value = given[name] === undefined ? defaultOf(option) : readValue(name, option, given[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(flags);
}

const defaultOf = (option: Option): unknown => (option.negate ? true : option.defaultValue);

function readValue(name: string, option: Option, value: unknown): unknown {
  if (Array.isArray(option.defaultValue)) {
    const several: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (several.every((one) => typeof one === 'string')) return several;
    throw wrong(name, value, 'It must be a text, or a list of texts.');
  }
  if (option.isBoolean() || option.negate) {
    if (typeof value === 'boolean') return value;
    throw wrong(name, value, 'It must be true or false.');
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong(name, value, 'It must be a text or a number.');
  if (option.parseArg === undefined) return String(value);
  try {
    return option.parseArg(String(value), undefined);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong(name, value, error.message);
    throw error;
  }
}

function wrong(name: string, value: unknown, why: string): UsageError {
  return new UsageError(`the option ${name} cannot be ${JSON.stringify(value)}`, why);
}
