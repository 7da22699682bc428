/**
 * Validates the export of a store file, and describes it as data that can be sent to another process.
 */
import * as z from 'zod';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { nearestNames, oneOf } from '../domain/nearest.ts';
import { OUTCOME_NAMES } from '../domain/outcomes.ts';
import type { PlannedScenario, ScenarioPlan } from '../domain/scenario.ts';
import {
  type Abilities,
  ACKNOWLEDGEMENTS,
  CHANGE_OF,
  type Claims,
  CONTRACTS,
  type Contract,
  contractsNamedBy,
  type KnownBugs,
  type ProgramStore,
} from '../domain/store.ts';
import { toJson } from '../domain/to-json.ts';
import type { Json } from '../domain/trace.ts';
import { planScenario } from '../scenario/plan.ts';
import { COMMAND_LINE, OF_A_PROGRAM } from './program-store.ts';

export interface StoreFacts {
  readonly name?: string;
  readonly kind: LoadedStore['kind'];
  /** Of the kind `program`: its paths as they were given. */
  readonly program?: Pick<ProgramStore, 'directory' | 'setup' | 'check'> & { readonly command: readonly [string, ...string[]] };
  readonly abilities: Abilities;
  readonly ignore: readonly string[];
  readonly empty?: Json;
  readonly claims: Claims;
  readonly litter?: number;
  readonly knownBugs: KnownBugs;
  /** Names of built-in scenarios; undefined: all. */
  readonly scenarios?: readonly string[];
  readonly ownScenarios: readonly PlannedScenario[];
  readonly env: { readonly [name: string]: string };
}

export type Description =
  | { readonly kind: 'store'; readonly facts: StoreFacts }
  /** The export is not a store; each problem is one line. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  /** The file threw while it was loaded. */
  | { readonly kind: 'threw'; readonly error: string; readonly code?: string };

const aFunction = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'expected a function');
const aName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'expected letters, digits, ".", "_" and "-"');
const aCommand = z.array(z.string()).min(1, 'expected a program and its arguments, e.g. ["python3", "store.py", "save", "{dir}"]');
const claim = z.enum(['durable', 'atomic', 'lossy']);
const knownBug = z.strictObject({ grade: z.enum(['lossy', 'atomic']), outcomes: z.array(z.enum(OUTCOME_NAMES)).optional() });

/** `models`: the names of models and of their variants. */
const schemas = (models: readonly [string, ...string[]]) => {
  const options = {
    name: aName.optional(),
    empty: z.unknown().optional(),
    claims: z.partialRecord(z.enum(models), claim).optional(),
    litter: z.int().nonnegative().optional(),
    knownBugs: z.record(z.string(), z.partialRecord(z.enum(models), knownBug)).optional(),
    scenarios: z
      .array(
        z.union(
          [aName, z.looseObject({ name: aName, history: aFunction })],
          'expected the name of a built-in scenario, or defineScenario({ name, catches, history })',
        ),
      )
      .optional(),
    env: z.record(z.string(), z.string()).optional(),
    ignore: z.array(z.string().min(1)).optional(),
  };
  const handles = {
    contract: z.enum(CONTRACTS).optional(),
    open: aFunction.optional(),
    flush: aFunction.optional(),
    close: aFunction.optional(),
    acknowledges: z.enum(ACKNOWLEDGEMENTS).optional(),
  };
  const { name, claims: claimed, knownBugs, env } = options;
  return {
    program: z.strictObject({
      name,
      claims: claimed,
      knownBugs,
      env,
      command: aCommand,
      directory: z.string().min(1),
      setup: z.string().min(1).optional(),
      check: z.string().min(1).optional(),
    }),
    module: z.strictObject({
      ...options,
      ...handles,
      load: aFunction,
      save: aFunction.optional(),
      update: aFunction.optional(),
      set: aFunction.optional(),
      delete: aFunction.optional(),
      append: aFunction.optional(),
    }),
    command: z.strictObject({ ...options, saveCommand: aCommand, loadCommand: aCommand }),
  };
};

/** `now` in ms since the epoch: the values of the store's own scenarios are dated by it. `models`: names that claims may be given for. */
export function describeStore(exported: unknown, now: number, models: readonly [string, ...string[]]): Description {
  if (typeof exported !== 'object' || exported === null) {
    return invalid(
      `the default export is ${exported === undefined ? 'missing' : `a ${exported === null ? 'null' : typeof exported}`}; expected { save, load }`,
    );
  }
  if ('command' in exported) return describeProgram(exported, models);
  const isCommand = 'saveCommand' in exported || 'loadCommand' in exported;
  const schema = schemas(models)[isCommand ? 'command' : 'module'];
  const parsed = schema.safeParse(exported);
  if (!parsed.success) return invalid(...parsed.error.issues.map(inWords(Object.keys(schema.shape), models)));
  const { name, empty, claims, litter, knownBugs, scenarios, env, ignore } = parsed.data;
  const abilities = isCommand ? COMMAND : abilitiesOf(parsed.data);
  if (typeof abilities === 'string') return invalid(abilities);
  const emptyJson = toJson(empty);
  if (emptyJson.kind === 'not-json') return invalid(`empty: ${emptyJson.what} is not JSON`);
  const own = (scenarios ?? [])
    .filter((scenario) => typeof scenario !== 'string')
    .map((plan) => planScenario(plan as unknown as ScenarioPlan, now, abilities.contract));
  const problems = own.filter((plan) => typeof plan === 'string');
  if (problems.length > 0) return invalid(...problems);
  const named = (scenarios ?? []).filter((scenario) => typeof scenario === 'string');
  return {
    kind: 'store',
    facts: {
      kind: isCommand ? 'command' : 'module',
      abilities,
      ignore: ignore ?? [],
      claims: (claims ?? {}) as StoreFacts['claims'],
      knownBugs: (knownBugs ?? {}) as StoreFacts['knownBugs'],
      ownScenarios: own.filter((plan) => typeof plan !== 'string'),
      env: env ?? {},
      ...(name !== undefined && { name }),
      ...(litter !== undefined && { litter }),
      ...(emptyJson.value !== undefined && { empty: emptyJson.value }),
      ...(scenarios !== undefined && (named.length > 0 || own.length === 0) && { scenarios: named }),
    },
  };
}

function describeProgram(exported: object, models: readonly [string, ...string[]]): Description {
  const schema = schemas(models).program;
  const parsed = schema.safeParse(exported);
  if (!parsed.success) return invalid(...parsed.error.issues.map(inWords(Object.keys(schema.shape), models)));
  const { name, claims, knownBugs, env, command, directory, setup, check } = parsed.data;
  const [program = '', ...args] = command;
  return {
    kind: 'store',
    facts: {
      kind: 'program',
      program: { command: [program, ...args], directory, ...(setup !== undefined && { setup }), ...(check !== undefined && { check }) },
      abilities: OF_A_PROGRAM,
      ignore: [],
      claims: (claims ?? {}) as StoreFacts['claims'],
      knownBugs: (knownBugs ?? {}) as StoreFacts['knownBugs'],
      ownScenarios: [COMMAND_LINE],
      scenarios: [],
      env: env ?? {},
      ...(name !== undefined && { name }),
    },
  };
}

const COMMAND: Abilities = { contract: 'value', updates: false, deletes: false };

type Functions = { readonly [name in 'save' | 'set' | 'append' | 'update' | 'delete' | 'flush' | 'close']?: unknown };

/** By the functions of a store, or what is wrong with them. */
function abilitiesOf(store: object): Abilities | string {
  const { contract: named, acknowledges, ...functions } = store as Functions & { contract?: Contract; acknowledges?: string };
  const has = (name: keyof Functions): boolean => functions[name] !== undefined;
  const possible = contractsNamedBy(functions);
  const [only, another] = possible;
  if (only === undefined) return 'it has no function that changes something: save (a whole value), set (a map) or append (a log)';
  if (named === undefined && another !== undefined)
    return `it has ${possible.map((contract) => CHANGE_OF[contract]).join(' and ')}: say which of them to hold it to, by contract: ${possible.map((contract) => `'${contract}'`).join(' or ')}`;
  const contract = named ?? only;
  if (!has(CHANGE_OF[contract])) return `contract '${contract}' needs the function ${CHANGE_OF[contract]}`;
  if ((acknowledges === 'flush' || acknowledges === 'close') && !has(acknowledges))
    return `acknowledges: '${acknowledges}' needs the function ${acknowledges}`;
  return { contract, updates: contract === 'value' && has('update'), deletes: contract === 'map' && has('delete') };
}

const invalid = (...problems: string[]): Description => ({ kind: 'invalid', problems });

const inWords =
  (members: readonly string[], models: readonly string[]) =>
  (issue: z.core.$ZodIssue): string => {
    if (issue.code !== 'unrecognized_keys') return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
    const [what, known] = namesAt(issue.path.length, members, models);
    return issue.keys
      .map((key) => {
        const near = nearestNames(key, known);
        return `unknown ${what} ${JSON.stringify(key)}${near.length === 0 ? '' : `; did you mean ${oneOf(near)}?`}`;
      })
      .join(', ');
  };

/** What can stand there: `claims` has models in it, `knownBugs` models by scenario. */
function namesAt(depth: number, members: readonly string[], models: readonly string[]): readonly [what: string, known: readonly string[]] {
  if (depth === 0) return ['member', members];
  return depth < 3 ? ['model', models] : ['member', Object.keys(knownBug.shape)];
}
