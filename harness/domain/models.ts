/**
 * The models (crashes, faults, interleavings), which scenarios each is for, and what a store claims under each.
 *
 * `power-loss` and `power-cut` come once per kind of file system; such a model is named with it, as in `power-loss:xfs`. `io-error:windows`
 * has the rules by which Windows refuses calls.
 */
import { PROFILE_NAMES, type ProfileName } from '../persistence/profile.ts';
import type { Scenario } from './scenario.ts';
import type { Claim, KnownBug } from './store.ts';

export const MODELS = ['process-kill', 'power-loss', 'power-cut', 'io-error', 'interleaving', 'race'] as const;
export type Model = (typeof MODELS)[number];

/** Real file systems that `power-cut` makes, and the profile that each is held to. */
export const PROFILE_OF = {
  ext4: 'ext4',
  'ext4-noauto': 'ext4-noauto',
  'ext4-writeback': 'posix',
  xfs: 'xfs',
  btrfs: 'btrfs',
} as const satisfies { readonly [name: string]: ProfileName };
export type FileSystemName = keyof typeof PROFILE_OF;
const FILE_SYSTEM_NAMES = Object.keys(PROFILE_OF) as FileSystemName[];

/** A model in which a process or the machine dies, with the file system where it has one. */
export type CrashChoice =
  | { readonly model: 'process-kill'; readonly profile?: undefined }
  | { readonly model: 'power-loss'; readonly profile: ProfileName }
  | { readonly model: 'power-cut'; readonly profile: FileSystemName };

/** Calls fail, and the process lives on. */
export interface FaultChoice {
  readonly model: 'io-error';
  readonly profile?: 'windows' | undefined;
}

/** Several tasks at the same time: on the fake file system, or as real processes. */
export type ScheduleChoice =
  | { readonly model: 'interleaving'; readonly profile?: undefined }
  | { readonly model: 'race'; readonly profile?: undefined };

/** One model, with the profile where it has one. */
export type ModelChoice = CrashChoice | FaultChoice | ScheduleChoice;

type ModelName =
  | Exclude<Model, 'power-loss' | 'power-cut'>
  | 'io-error:windows'
  | `power-loss:${ProfileName}`
  | `power-cut:${FileSystemName}`;

/** What `claims` and `knownBugs` may be given for: a model on all its file systems, or on one. */
export const CLAIMABLE = [
  ...MODELS,
  ...PROFILE_NAMES.map((name) => `power-loss:${name}` as const),
  ...FILE_SYSTEM_NAMES.map((name) => `power-cut:${name}` as const),
  'io-error:windows',
] as const;
export type Claimable = Model | ModelName;

export type Claims = { readonly [model in Claimable]?: Claim };
export type KnownBugs = { readonly [scenario: string]: { readonly [model in Claimable]?: KnownBug } };

/** The profiles on which a claim under power loss gates, unless the store claims others by name. */
const GATING: ReadonlySet<string> = new Set<ProfileName>(['ext4', 'xfs', 'btrfs']);

const DEFAULT_CLAIMS = {
  'process-kill': 'durable',
  'power-loss': 'atomic',
  'io-error': 'durable',
  interleaving: 'atomic',
} as const satisfies Claims;

/** `process-kill`, `power-loss:xfs`: as in case ids. */
export function modelName({ model, profile }: { readonly model: string; readonly profile?: string | undefined }): string {
  return profile === undefined ? model : `${model}:${profile}`;
}

/** The choices that a name on the command line stands for, as in `power-loss` or `power-loss:xfs`; undefined if it names none. */
export function choicesOf(name: string): readonly ModelChoice[] | undefined {
  const exact = ALL.filter((choice) => modelName(choice) === name);
  const choices = exact.length > 0 ? exact : ALL.filter((choice) => choice.model === name);
  return choices.length === 0 ? undefined : choices;
}

const ALL: readonly ModelChoice[] = [
  { model: 'process-kill' },
  ...PROFILE_NAMES.map((profile) => ({ model: 'power-loss', profile }) as const),
  ...FILE_SYSTEM_NAMES.map((profile) => ({ model: 'power-cut', profile }) as const),
  { model: 'io-error' },
  { model: 'io-error', profile: 'windows' },
  { model: 'interleaving' },
  { model: 'race' },
];

/** What needs no root, and is no other system's rule. */
export const DEFAULT_CHOICES: readonly ModelChoice[] = ALL.filter(({ model, profile }) => model !== 'power-cut' && profile !== 'windows');

/** Whether a scenario says anything under a model: tasks race, and steps crash and fail. */
export function runsUnder({ model, profile }: ModelChoice, { tasks, histories }: Pick<Scenario, 'tasks' | 'histories'>): boolean {
  switch (model) {
    case 'interleaving':
      return tasks !== undefined || histories === true;
    case 'race':
      return tasks !== undefined;
    case 'power-cut':
      return tasks === undefined && histories !== true;
    case 'io-error':
      return tasks === undefined && (histories !== true || profile === undefined);
    case 'process-kill':
    case 'power-loss':
      return tasks === undefined;
    default:
      return model satisfies never;
  }
}

export interface Held {
  readonly claim: Claim;
  /** Whether breaking it fails the run; else it is only shown. */
  readonly gates: boolean;
}

/** What a store is held to. `strict`: under every profile. */
export function heldTo(claims: Claims, choice: ModelChoice, strict: boolean): Held {
  switch (choice.model) {
    case 'process-kill':
      return { claim: claims['process-kill'] ?? DEFAULT_CLAIMS['process-kill'], gates: true };
    case 'interleaving':
      return { claim: claims.interleaving ?? DEFAULT_CLAIMS.interleaving, gates: true };
    case 'race':
      return { claim: claims.race ?? claims.interleaving ?? DEFAULT_CLAIMS.interleaving, gates: true };
    case 'io-error': {
      const general = claims['io-error'] ?? DEFAULT_CLAIMS['io-error'];
      if (choice.profile === undefined) return { claim: general, gates: true };
      return { claim: claims['io-error:windows'] ?? general, gates: strict || claims['io-error:windows'] !== undefined };
    }
    default:
      return heldAfterPowerLoss(claims, choice, strict);
  }
}

function heldAfterPowerLoss(claims: Claims, choice: Extract<ModelChoice, { model: 'power-loss' | 'power-cut' }>, strict: boolean): Held {
  const profile = choice.model === 'power-cut' ? PROFILE_OF[choice.profile] : choice.profile;
  const named = (choice.model === 'power-cut' ? claims[`power-cut:${choice.profile}`] : undefined) ?? claims[`power-loss:${profile}`];
  if (named !== undefined) return { claim: named, gates: true };
  const general = (choice.model === 'power-cut' ? claims['power-cut'] : undefined) ?? claims['power-loss'];
  return { claim: general ?? DEFAULT_CLAIMS['power-loss'], gates: strict || GATING.has(choice.profile) };
}

export interface ExpectedBug {
  readonly bug: KnownBug;
  /** Where it shows only by luck: real cuts, which show what this kernel happened to do, and what was drawn at random. */
  readonly mayHide: boolean;
}

/** The bug that a store is known to have in a scenario. What was said of a model goes for each of its file systems. */
export function knownBugOf(
  bugs: KnownBugs,
  { name, histories }: Pick<Scenario, 'name' | 'histories'>,
  choice: ModelChoice,
): ExpectedBug | undefined {
  const here = bugs[name] ?? {};
  const own = here[modelName(choice) as Claimable] ?? here[choice.model];
  if (own !== undefined) return { bug: own, mayHide: histories === true };
  const borrowed = borrowedBug(here, choice);
  return borrowed && { bug: borrowed, mayHide: true };
}

/** What is known of the model that this one is held to. */
function borrowedBug(here: KnownBugs[string], choice: ModelChoice): KnownBug | undefined {
  if (choice.model === 'power-cut') return here[`power-loss:${PROFILE_OF[choice.profile]}`] ?? here['power-loss'];
  return choice.model === 'race' ? here.interleaving : undefined;
}
