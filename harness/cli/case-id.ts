/** Reading a case id: `<store>/<scenario>/<model>@<boundary>[~torn=<bytes>]`. */
import { UsageError } from '../errors.ts';

export interface CaseName {
  readonly store: string;
  readonly scenario: string;
  readonly model: string;
  readonly at: { readonly op: number; readonly bytes?: number };
}

const FORM = /^(?<store>[\w.-]+)\/(?<scenario>[\w.-]+)\/(?<model>[a-z-]+)@(?<op>\d{1,9})(?:~torn=(?<bytes>\d{1,15}))?$/;

/** Throws `UsageError` if the text is no case id. */
export function parseCaseId(text: string): CaseName {
  const { store, scenario, model, op, bytes } = FORM.exec(text)?.groups ?? {};
  if (store === undefined || scenario === undefined || model === undefined || op === undefined) {
    throw new UsageError(
      `"${text}" is no case id`,
      'A case id is <store>/<scenario>/<model>@<boundary>, e.g. rename-away/replace/process-kill@4; "crash-matrix run" prints one for every failure.',
    );
  }
  return { store, scenario, model, at: { op: Number(op), ...(bytes !== undefined && { bytes: Number(bytes) }) } };
}
