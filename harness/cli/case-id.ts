/** Reading a case id: `<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail][~then=<boundary>[~detail]]`. */
import { UsageError } from '../errors.ts';
import type { NamedState } from '../explore/explore.ts';
import { CLAIMABLE, choicesOf, type Model, type ModelChoice } from '../models.ts';
import { didYouMean } from '../nearest.ts';

export interface CaseName {
  readonly store: string;
  readonly scenario: string;
  readonly choice: ModelChoice;
  /** The model's name as in the id. */
  readonly model: string;
  readonly state: NamedState;
}

const FORM = /^(?<store>[\w.-]+)\/(?<scenario>[\w.-]+)\/(?<model>[a-z-]+(?::[a-z0-9-]+)?)@(?<first>[^@]+?)(?:~then=(?<then>[^@]+))?$/;
const STATE = /^(?<op>\d{1,9})(?:~(?<detail>.+))?$/;
/** What each model says of a state besides its boundary. */
const DETAILS: { readonly [model in Model]: RegExp } = {
  'process-kill': /^torn=(?<bytes>\d{1,15})$/,
  'power-loss': /^(?:lost(?:512)?=[\d.+]+|tree=[0-9a-f]{16})$/,
  'power-cut': /^(?:fsync|commit|sync)=\d{1,9}$/,
};

/** Throws `UsageError` if the text is no case id. */
export function parseCaseId(text: string): CaseName {
  const { store, scenario, model, first, then } = FORM.exec(text)?.groups ?? {};
  const choices = choicesOf(model ?? '') ?? [];
  const [choice] = choices;
  if (store === undefined || scenario === undefined || model === undefined) throw noCaseId(text);
  if (choice === undefined) throw new UsageError(didYouMean('model', model, CLAIMABLE));
  if (choices.length > 1) throw new UsageError(`"${text}" is no case id: it does not say on which file system`);
  const state = parseState(first, choice);
  const again = then === undefined ? undefined : parseState(then, choice);
  if (state === undefined || (then !== undefined && again === undefined)) throw noCaseId(text);
  return { store, scenario, choice, model, state: { ...state, ...(again && { second: again }) } };
}

function noCaseId(text: string): UsageError {
  return new UsageError(
    `"${text}" is no case id`,
    'A case id is <store>/<scenario>/<model>@<boundary>, e.g. rename-away/replace/process-kill@4; "crash-matrix run" prints one for every failure.',
  );
}

function parseState(text: string | undefined, { model }: ModelChoice): NamedState | undefined {
  const { op, detail = '' } = STATE.exec(text ?? '')?.groups ?? {};
  const known = DETAILS[model].exec(detail);
  if (op === undefined || (detail !== '' && known === null)) return undefined;
  const bytes = known?.groups?.bytes;
  return bytes === undefined ? { at: { op: Number(op) }, detail } : { at: { op: Number(op), bytes: Number(bytes) }, detail: '' };
}
