/** The models and their profiles, as a user names them. This is the only place where the command line asks which models there are. */
import { CLAIMABLE, choicesOf, heldTo, type Model, type ModelChoice, modelName } from '../domain/models.ts';
import { oneOf } from '../domain/nearest.ts';

export interface ListedModel {
  readonly name: Model;
  /** One for each profile. A model that can also run without a profile has that choice first. */
  readonly choices: readonly ModelChoice[];
}

/** Every model that `--model` accepts. */
export function listModels(): readonly ListedModel[] {
  const choices = new Map(CLAIMABLE.flatMap((name) => choicesOf(name) ?? []).map((choice) => [modelName(choice), choice]));
  const listed = new Map<Model, ModelChoice[]>();
  for (const choice of choices.values()) listed.set(choice.model, [...(listed.get(choice.model) ?? []), choice]);
  return [...listed].map(([name, ofModel]) => ({ name, choices: ofModel }));
}

/** Every name that `--model` accepts: the models first, then those with a profile. */
export function modelNames(): readonly string[] {
  const listed = listModels();
  return [...new Set([...listed.map(({ name }) => name), ...listed.flatMap(({ choices }) => choices.map(modelName))])];
}

/** `process-kill, power-loss[:posix|ext4], io-error[:windows] or race`. */
export function modelsInHelp(): string {
  return oneOf(
    listModels().map(({ name, choices }) => {
      const profiles = choices.flatMap(({ profile }) => (profile === undefined ? [] : [profile]));
      return profiles.length === 0 ? name : `${name}[:${profiles.join('|')}]`;
    }),
  );
}

/** The names under which a broken claim is only shown, unless the store claims them by name or `--strict` is given. */
export function onlyShown(): readonly string[] {
  return listModels()
    .flatMap(({ choices }) => choices)
    .filter((choice) => !heldTo({}, choice, false).gates)
    .map(modelName);
}
