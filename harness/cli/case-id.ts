/** Reading a case id: `<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail]`. What follows the model is read by the model. */
import { UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';
import { MODEL_NAMES, type Variant, variantsNamed } from '../models/all.ts';

export interface CaseName {
  readonly store: string;
  readonly scenario: string;
  readonly variant: Variant;
  /** The case, as its model reads it. */
  readonly only: unknown;
}

const FORM =
  /^(?<store>[A-Za-z0-9][\w.-]*)\/(?<scenario>[A-Za-z0-9][\w.-]*)\/(?<model>[a-z-]+(?::[a-z0-9-]+)?)@(?<op>0|[1-9]\d{0,8})(?:~(?<detail>[\w.+=~-]{1,2000}))?$/;

/** Throws `UsageError` if the text is no case id. */
export function parseCaseId(text: string): CaseName {
  const { store, scenario, model, op, detail = '' } = FORM.exec(text)?.groups ?? {};
  if (store === undefined || scenario === undefined || model === undefined) throw noCaseId(text);
  const variants = variantsNamed(model) ?? [];
  const [variant] = variants;
  if (variant === undefined) throw new UsageError(didYouMean('model', model, MODEL_NAMES));
  if (variants.length > 1) throw new UsageError(`"${text}" is no case id: it does not say on which file system`);
  const only = variant.model.id.read(Number(op), detail, variant.profile.name);
  if (only === undefined) throw noCaseId(text);
  return { store, scenario, variant, only };
}

/** A zero before a number that could be written without it. */
const LEADING_ZERO = /(?<![\da-z])0+(?=\d)/g;

function noCaseId(text: string): UsageError {
  const plain = text.replace(LEADING_ZERO, '');
  if (plain !== text) return new UsageError(`"${text}" is no case id: a number in one begins with no zero`, `Did you mean ${plain}?`);
  return new UsageError(
    `"${text}" is no case id`,
    'A case id is <store>/<scenario>/<model>@<boundary>, e.g. rename-away/replace/process-kill@4; "crash-matrix run" prints one for every failure.',
  );
}
