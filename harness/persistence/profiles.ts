/** The persistence profiles by name. */
import { PROFILE_NAMES, type Profile, type ProfileName, RULES } from './profile.ts';

export const PROFILES = Object.fromEntries(PROFILE_NAMES.map((name) => [name, { name, ...RULES[name] }])) as {
  readonly [name in ProfileName]: Profile;
};
