/** The shell of a case id: `<store>/<scenario>/<model>[:<profile>]@<boundary>[~detail]`. What follows the model is the model's own. */
import { modelName } from './model-names.ts';

interface Named {
  readonly store: string | { readonly name: string };
  readonly scenario: string | { readonly name: string };
  readonly model: string | { readonly name: string };
  readonly profile?: string | undefined;
}

const nameOf = (named: string | { readonly name: string }): string => (typeof named === 'string' ? named : named.name);

/** The name of the cell in the id of a case. */
export const cellNameIn = (id: string): string => id.slice(0, id.indexOf('@'));

/** What all case ids of a cell begin with. */
export function cellName({ store, scenario, ...variant }: Named): string {
  return `${nameOf(store)}/${nameOf(scenario)}/${modelName(variant)}`;
}
