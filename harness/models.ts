/**
 * The crash models, and what a store claims under each.
 *
 * `power-loss` and `power-cut` come once per kind of file system; such a model is named with it, as in `power-loss:xfs`.
 */
import { PROFILE_NAMES, type ProfileName } from './explore/power-loss/profile.ts';
import type { Claim, KnownBug } from './store/define.ts';

export const MODELS = ['process-kill', 'power-loss', 'power-cut'] as const;
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

/** One crash model, with the file system where it has one. */
export type ModelChoice =
  | { readonly model: 'process-kill'; readonly profile?: undefined }
  | { readonly model: 'power-loss'; readonly profile: ProfileName }
  | { readonly model: 'power-cut'; readonly profile: FileSystemName };

type ModelName = 'process-kill' | `power-loss:${ProfileName}` | `power-cut:${FileSystemName}`;

/** What `claims` and `knownBugs` may be given for: a model on all its file systems, or on one. */
export const CLAIMABLE = [
  ...MODELS,
  ...PROFILE_NAMES.map((name) => `power-loss:${name}` as const),
  ...FILE_SYSTEM_NAMES.map((name) => `power-cut:${name}` as const),
] as const;
export type Claimable = Model | ModelName;

export type Claims = { readonly [model in Claimable]?: Claim };
export type KnownBugs = { readonly [scenario: string]: { readonly [model in Claimable]?: KnownBug } };

/** The profiles on which a claim under power loss gates, unless the store claims others by name. */
const GATING: ReadonlySet<string> = new Set<ProfileName>(['ext4', 'xfs', 'btrfs']);

const DEFAULT_CLAIMS = { 'process-kill': 'durable', 'power-loss': 'atomic' } as const satisfies Claims;

/** `process-kill`, `power-loss:xfs`: as in case ids. */
export function modelName({ model, profile }: { readonly model: string; readonly profile?: string | undefined }): string {
  return profile === undefined ? model : `${model}:${profile}`;
}

/** The choices that a name on the command line stands for, as in `power-loss` or `power-loss:xfs`; undefined if it names none. */
export function choicesOf(name: string): readonly ModelChoice[] | undefined {
  const choices = ALL.filter((choice) => choice.model === name || modelName(choice) === name);
  return choices.length === 0 ? undefined : choices;
}

const ALL: readonly ModelChoice[] = [
  { model: 'process-kill' },
  ...PROFILE_NAMES.map((profile) => ({ model: 'power-loss', profile }) as const),
  ...FILE_SYSTEM_NAMES.map((profile) => ({ model: 'power-cut', profile }) as const),
];

/** What works on every machine and needs no root. */
export const DEFAULT_CHOICES: readonly ModelChoice[] = ALL.filter(({ model }) => model !== 'power-cut');

export interface Held {
  readonly claim: Claim;
  /** Whether breaking it fails the run; else it is only shown. */
  readonly gates: boolean;
}

/** What a store is held to. `strict`: under every profile. */
export function heldTo(claims: Claims, choice: ModelChoice, strict: boolean): Held {
  if (choice.model === 'process-kill') return { claim: claims['process-kill'] ?? DEFAULT_CLAIMS['process-kill'], gates: true };
  const profile = choice.model === 'power-cut' ? PROFILE_OF[choice.profile] : choice.profile;
  const named = (choice.model === 'power-cut' ? claims[`power-cut:${choice.profile}`] : undefined) ?? claims[`power-loss:${profile}`];
  if (named !== undefined) return { claim: named, gates: true };
  const general = (choice.model === 'power-cut' ? claims['power-cut'] : undefined) ?? claims['power-loss'];
  return { claim: general ?? DEFAULT_CLAIMS['power-loss'], gates: strict || GATING.has(choice.profile) };
}

export interface ExpectedBug {
  readonly bug: KnownBug;
  /** Real cuts show only what this kernel happened to do: a bug known under power loss may show or not. */
  readonly mayHide: boolean;
}

/** The bug that a store is known to have in a scenario. What was said of a model goes for each of its file systems. */
export function knownBugOf(bugs: KnownBugs, scenario: string, choice: ModelChoice): ExpectedBug | undefined {
  const here = bugs[scenario] ?? {};
  const own = here[modelName(choice) as Claimable] ?? here[choice.model];
  if (own !== undefined) return { bug: own, mayHide: false };
  if (choice.model !== 'power-cut') return undefined;
  const bug = here[`power-loss:${PROFILE_OF[choice.profile]}`] ?? here['power-loss'];
  return bug && { bug, mayHide: true };
}
