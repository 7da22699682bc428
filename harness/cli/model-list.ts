/** The models in help texts. */
import { oneOf } from '../domain/nearest.ts';
import { MODELS, VARIANTS } from '../models/all.ts';
import type { Cell } from '../models/model.ts';

/** `process-kill, power-loss[:posix|ext4], io-error[:windows] or race`. */
export function modelsInHelp(): string {
  return oneOf(
    MODELS.map(({ name, profiles }: Cell['model']) => {
      const named = profiles.flatMap((profile) => profile.name ?? []);
      return named.length === 0 ? name : `${name}[:${named.join('|')}]`;
    }),
  );
}

/** Where a broken claim is only shown, unless the store claims it by name, `--model` names it, or `--strict` is given. Where nothing holds it, it is not in the list. */
export function onlyShown(): readonly string[] {
  return VARIANTS.filter(({ profile }) => !profile.gates && profile.uncalibrated !== true).map(({ name }) => name);
}
