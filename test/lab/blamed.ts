/** Stores with one mistake, and the causes that models find in them. */
import { expect } from 'vitest';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { CaseResult, CellResult } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import type { Lab } from './lab.ts';

/** What a store begins with that reads whole files, and forces what it writes: `force`, `put` and `read`. */
export const FORCING = `const fs = require('node:fs'), { join } = require('node:path');
const force = (path) => { const file = fs.openSync(path, 'r'); try { fs.fsyncSync(file); } finally { fs.closeSync(file); } };
const put = (path, text) => fs.writeFileSync(path, Buffer.from(text), { flush: true });
const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch (error) { if (error.code === 'ENOENT') return ''; throw error; } };
`;

export type Cells = readonly (readonly [scenario: string, model: string])[];

/** `mechanism: source of its line` of each cause; a line that is not known is `-`. Power loss is held to `durable`. */
export async function causesOfStore(lab: Lab, store: LoadedStore, cells: Cells, recoveries = 0): Promise<string[]> {
  const loaded: LoadedStore = { ...store, claims: { 'power-loss': 'durable' } };
  const [all, cases]: [CellResult[], CaseResult[]] = [[], []];
  for (const [scenario, model] of cells) {
    await lab.on(loaded, { scenario, effort: { recoveries } }, async ({ check, result }) => {
      const checked = await result(await check({ model, heldBy: 'strict' }));
      all.push(checked.cell);
      cases.push(...checked.cases);
    });
  }
  expect(cases.some(({ violation }) => violation)).toBe(true);
  return causesOf(all, cases).map(({ mechanism, site }) => `${mechanism}: ${site?.source ?? '-'}`);
}
