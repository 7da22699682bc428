/** Reading a case id: `<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail][~then=<boundary>[~detail]]`. */
import { UsageError } from '../domain/errors.ts';
import { choicesOf, type Model, type ModelChoice } from '../domain/models.ts';
import { didYouMean } from '../domain/nearest.ts';
import type { NamedState } from '../explore/explore.ts';
import { parseHistoryDetail } from '../generate/history.ts';
import { parseScheduleDetail } from '../models/interleaving/coding.ts';
import { parseFault } from '../models/io-error/fault-id.ts';
import { parseRaceDetail } from '../models/race/race-id.ts';
import { modelNames } from './model-list.ts';

export interface CaseName {
  readonly store: string;
  readonly scenario: string;
  readonly choice: ModelChoice;
  /** The model's name as in the id. */
  readonly model: string;
  readonly state: NamedState;
}

const FORM =
  /^(?<store>[\w.-]+)\/(?<scenario>[\w.-]+)\/(?<model>[a-z-]+(?::[a-z0-9-]+)?)@(?<op>\d{1,9})(?:~(?<detail>[\w.+=~-]{1,2000}))?$/;
const SECOND = /^(?:(?<first>.*?)~)?then=(?<op>\d{1,9})(?:~(?<detail>.+))?$/;
const TORN = /^torn=(?<bytes>\d{1,15})$/;

/** What each model may say of a case besides its boundary. */
const DETAILS: { readonly [model in Model]: (detail: string, op: number, choice: ModelChoice) => boolean } = {
  'process-kill': (detail) => TORN.test(detail),
  'power-loss': (detail) => /^(?:lost(?:512)?=[\d.+]+|tree=[0-9a-f]{16})$/.test(detail),
  'power-cut': (detail) => /^(?:fsync|commit|sync)=\d{1,9}$/.test(detail),
  'io-error': (detail, op, { profile }) => parseFault(op, detail, profile === 'windows' ? profile : undefined) !== undefined,
  interleaving: (detail, op) => parseScheduleDetail(op, detail) !== undefined,
  race: (detail) => parseRaceDetail(detail) !== undefined,
};

/** Throws `UsageError` if the text is no case id. */
export function parseCaseId(text: string): CaseName {
  const { store, scenario, model, op, detail = '' } = FORM.exec(text)?.groups ?? {};
  if (store === undefined || scenario === undefined || model === undefined) throw noCaseId(text);
  const choices = choicesOf(model) ?? [];
  const [choice] = choices;
  if (choice === undefined) throw new UsageError(didYouMean('model', model, modelNames()));
  if (choices.length > 1) throw new UsageError(`"${text}" is no case id: it does not say on which file system`);
  const state = stateOf(Number(op), detail, choice);
  if (state === undefined) throw noCaseId(text);
  return { store, scenario, choice, model, state };
}

function noCaseId(text: string): UsageError {
  return new UsageError(
    `"${text}" is no case id`,
    'A case id is <store>/<scenario>/<model>@<boundary>, e.g. rename-away/replace/process-kill@4; "crash-matrix run" prints one for every failure.',
  );
}

function stateOf(op: number, detail: string, choice: ModelChoice): NamedState | undefined {
  const history = parseHistoryDetail(detail);
  if (history !== undefined && choice.model !== 'interleaving')
    return history.rest === '' || DETAILS[choice.model](history.rest, op, choice) ? { at: { op }, detail } : undefined;
  if (choice.model === 'io-error' || choice.model === 'interleaving' || choice.model === 'race')
    return DETAILS[choice.model](detail, op, choice) ? { at: { op }, detail } : undefined;
  const again = SECOND.exec(detail)?.groups;
  if (again === undefined) return crashAt(op, detail, choice);
  const [first, second] = [crashAt(op, again.first ?? '', choice), crashAt(Number(again.op), again.detail ?? '', choice)];
  return first && second && { ...first, second };
}

function crashAt(op: number, detail: string, choice: ModelChoice): NamedState | undefined {
  if (detail === '') return { at: { op }, detail };
  if (!DETAILS[choice.model](detail, op, choice)) return undefined;
  const bytes = TORN.exec(detail)?.groups?.bytes;
  return bytes === undefined ? { at: { op }, detail } : { at: { op, bytes: Number(bytes) }, detail: '' };
}
