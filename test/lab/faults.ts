/** Small stores for calls that fail, and a scenario for them. */
import type { Scenario } from '../../harness/domain/scenario.ts';

/** One step: B over A, which are longer than a short write. */
export const REPLACE: Scenario = {
  name: 'replace',
  catches: '',
  before: [{ kind: 'save', value: { is: 'A'.repeat(50) } }],
  steps: [{ kind: 'save', value: { is: 'B'.repeat(50) } }],
  next: { is: 'next' },
};

/** The bodies of `save(text)`, of `update(change)` if it has one and, where it is another than that of `live`, of `load()`; `fs` and `at(name)` are known, and what `top` has. */
export interface FaultStore {
  readonly save: string;
  readonly update?: string;
  readonly load?: string;
  readonly top?: string;
}

export function sourceOf({ save, update, load = `return JSON.parse(fs.readFileSync(at('live'), 'utf8'))`, top = '' }: FaultStore): string {
  return `const fs = require('node:fs'); let dir; const at = (name) => dir + '/' + name;
${top}
module.exports = {
${update === undefined ? '' : `  update: async (directory, change) => { dir = directory; ${update} },\n`}  save: async (directory, value) => { dir = directory; const text = JSON.stringify(value); ${save} },
  load: async (directory) => { dir = directory; if (!fs.existsSync(at('.'))) return undefined; ${load} },
};`;
}
