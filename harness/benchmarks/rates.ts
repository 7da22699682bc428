/**
 * Rates by model, and how a kill grows with what a store does. Each line has the reference beside it: starts of a bare `node -e 0`, two at a
 * time, measured in the same round.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../check.ts';
import { type Session, withSession } from '../cli/session.ts';
import { EFFORTS } from '../domain/effort.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { Cell, Findings } from '../models/model.ts';
import { bareStart } from './bare-start.ts';
import { cellsOf, median, withBench } from './cells.ts';

const BARE_STARTS = 20;
const ROUNDS = 3;

const CELLS = [
  ['process-kill', 'replace', 'kills'],
  ['io-error', 'replace', 'faults'],
  ['power-loss:posix', 'replace', 'states'],
  ['interleaving', 'reader-while-saving', 'schedules'],
  ['race', 'two-savers', 'races'],
] as const;
const STORES = ['hardened'];

/** How many were carried out, recovered and judged. */
function countOf({ tally, explored: { tried } }: Findings): number {
  switch (tried?.kind) {
    case 'kills':
      return tried.kills;
    case 'faults':
      return tried.tried + tried.twice.tried;
    case 'states':
      return tally.states;
    case 'schedules':
    case 'starts':
      return tried.tried;
    case 'quits':
    case 'cuts':
    case undefined:
      throw new Error('a benchmark counts what was tried');
    default:
      return tried satisfies never;
  }
}

interface Measured {
  readonly count: number;
  /** Of the whole cell, with its recording. */
  readonly seconds: number;
  /** Seconds of a bare start in the same round. */
  readonly bare: number;
}

async function measure(session: Session, cell: Cell): Promise<Measured> {
  const bare = (await bareStart(session.env, BARE_STARTS)) / 1000;
  const started = performance.now();
  const findings = await withBench(session, cell, EFFORTS.standard, (bench) => check(cell, bench));
  if (isNotMeasured(findings)) throw new Error(findings.reason);
  return { count: countOf(findings), seconds: (performance.now() - started) / 1000, bare };
}

async function inRounds(session: Session, cell: Cell): Promise<readonly Measured[]> {
  const rounds: Measured[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = await measure(session, cell);
    if (round > 0) rounds.push(measured); // the first one warms up
  }
  return rounds;
}

const number = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2)).padStart(8);

async function ratesOf(session: Session): Promise<void> {
  console.log(`rates of whole cells, with their recordings; medians of ${ROUNDS} rounds`);
  for (const [model, scenario, what] of CELLS)
    for (const cell of await cellsOf(session, { stores: STORES, scenario, model })) {
      const rounds = await inRounds(session, cell);
      const of = (value: (one: Measured) => number): string => number(median(rounds.map(value)));
      const perStart = of(({ count, seconds, bare }) => (bare * count) / seconds);
      console.log(
        `${of(({ count, seconds }) => count / seconds)} ${what}/s  ${perStart} in the time of a bare start  ${cell.store.name}/${scenario}`,
      );
    }
}

/** What a store does in one save, and at its import. */
interface Size {
  readonly files: number;
  readonly bytes: number;
  readonly importMs: number;
}

const SMALL: Size = { files: 1, bytes: 1_000, importMs: 0 };
/** Each a row of sizes that double. */
const GROWTH: readonly { readonly what: keyof Size; readonly sizes: readonly Size[] }[] = [
  { what: 'files', sizes: [5, 10, 20].map((files) => ({ ...SMALL, files })) },
  { what: 'bytes', sizes: [1 << 20, 1 << 21, 1 << 22].map((bytes) => ({ ...SMALL, bytes })) },
  { what: 'importMs', sizes: [100, 200, 400].map((importMs) => ({ ...SMALL, importMs })) },
];

/** Writes each file to a temporary one and renames it. */
const storeOf = ({ files, bytes, importMs }: Size): string => `
  const fs = require('node:fs');
  for (const until = performance.now() + ${importMs}; performance.now() < until; );
  const text = 'x'.repeat(${bytes});
  module.exports = {
    save: (dir, value) => {
      for (let file = 0; file < ${files}; file += 1) {
        fs.writeFileSync(dir + '/temp', JSON.stringify({ value, text }));
        fs.renameSync(dir + '/temp', dir + '/' + file);
      }
    },
    load: (dir) => (fs.existsSync(dir + '/0') ? JSON.parse(fs.readFileSync(dir + '/0', 'utf8')).value : {}),
  };`;

async function growthOf(session: Session, directory: string): Promise<void> {
  console.log('\nhow a kill grows, checked, recovered and judged: in bare starts');
  for (const { what, sizes } of GROWTH) {
    const costs: string[] = [];
    for (const size of sizes) {
      const file = join(directory, `${what}-${size.files}-${size.bytes}-${size.importMs}.cjs`);
      writeFileSync(file, storeOf(size));
      const [cell] = await cellsOf(session, { stores: [file], scenario: 'replace', model: 'process-kill' });
      if (cell === undefined) throw new Error('every store has a cell of it');
      const { count, seconds, bare } = await measure(session, cell);
      costs.push(`${size[what].toLocaleString('en-US')}: ${(seconds / count / bare).toFixed(2)}`);
    }
    console.log(`${what.padEnd(9)} ${costs.join('   ')}`);
  }
}

/** Prints a table for the README. Needs Linux, and a machine that does nothing else. */
export async function benchRates(): Promise<void> {
  await withSession(undefined, async (session) => {
    await ratesOf(session);
    await growthOf(session, session.workspace.directory('stores'));
  });
  console.log(`peak memory of the harness: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
}
