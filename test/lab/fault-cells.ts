/** Cells of `io-error`, of stores that are written down as text, and a store that does it right. */
import { afterAll, beforeAll } from 'vitest';
import type { Bench } from '../../harness/bench/bench.ts';
import type { CheckedCell } from '../../harness/cell-result.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { Claims } from '../../harness/domain/store.ts';
import { faultOf } from '../../harness/models/io-error/describe.ts';
import type { FaultExplored } from '../../harness/models/io-error/explore.ts';
import { faultId } from '../../harness/models/io-error/fault-id.ts';
import { UPDATES } from './abilities.ts';
import { type FaultStore, REPLACE, sourceOf } from './faults.ts';
import { type Lab, type LabScenario, openLab, type Wanted } from './lab.ts';

export interface Checked extends CheckedCell {
  /** `@2~EMFILE` and the like -> outcome. */
  readonly outcomes: ReadonlyMap<string, string>;
}

export interface CheckOptions extends Partial<LabScenario>, Pick<Wanted, 'only'> {
  readonly claims?: Claims;
  readonly model?: string;
  /** Records every run op by op, as where calls overlap. */
  readonly whole?: true;
}

interface FaultLabs {
  /** With the best recorder that works here. */
  readonly real: Lab;
  /** With the binding recorder. */
  readonly bound: Lab;
  readonly check: (store: FaultStore | string, options?: CheckOptions & { readonly lab?: Lab }) => Promise<Checked>;
}

/** Labs of a test file, open while its tests run. `check` uses `real` unless it is given another. */
export function faultLabs(): FaultLabs {
  const open: { real?: Lab; bound?: Lab } = {};
  beforeAll(async () => {
    open.real = await openLab({ inFlight: 3 });
    open.bound = await openLab({ recorder: 'binding', inFlight: 2 });
  });
  afterAll(async () => {
    await Promise.all([open.real?.close(), open.bound?.close()]);
  });
  const opened = (lab: Lab | undefined): Lab => {
    if (lab === undefined) throw new Error('labs are open in tests only');
    return lab;
  };
  return {
    get real() {
      return opened(open.real);
    },
    get bound() {
      return opened(open.bound);
    },
    check: (store, { lab, ...options } = {}) => checkFaults(lab ?? opened(open.real), store, options),
  };
}

/** All faults of a planted or built-in store, or one. */
export async function checkFaults(lab: Lab, store: FaultStore | string, options: CheckOptions = {}): Promise<Checked> {
  const { model = 'io-error', scenario = REPLACE, only, whole, claims, effort, timeoutMs } = options;
  const plain =
    typeof store === 'string'
      ? await lab.builtIn(store)
      : lab.store(sourceOf(store), store.update === undefined ? {} : { abilities: UPDATES });
  const loaded = claims === undefined ? plain : { ...plain, claims };
  const how = { scenario, ...(effort && { effort }), ...(timeoutMs !== undefined && { timeoutMs }) };
  return lab.on(loaded, how, async (cells) => {
    const bench = whole ? opByOp(cells.bench) : cells.bench;
    const findings = await cells.check<FaultExplored>({ model, ...(only !== undefined && { only }) }, bench);
    const { verdicts } = findings.explored;
    const outcomes = new Map(verdicts.map(({ case: { fails }, outcome }) => [faultId(faultOf(fails)), outcome]));
    return { outcomes, ...(await cells.result(findings)) };
  });
}

function opByOp(bench: Bench): Bench {
  return {
    ...bench,
    recorded: async () => {
      const subject = await bench.recorded();
      if (isNotMeasured(subject) || subject.again === undefined) return subject;
      const { again } = subject;
      return { ...subject, again: { ...again, recording: { ...again.recording, overlaps: true } } };
    },
  };
}

/** Writes a temp file, forces it, and puts it in place; cleans up and rejects if anything fails. */
export const RIGHT: FaultStore = {
  save: `
    let fd;
    try {
      fd = fs.openSync(at('temp'), 'w', 0o600);
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      fd = undefined;
      fs.renameSync(at('temp'), at('live'));
    } catch (error) {
      try { if (fd !== undefined) fs.closeSync(fd); } catch {}
      try { fs.unlinkSync(at('temp')); } catch {}
      throw error;
    }`,
};

/** The right store with one part replaced. Throws if it has no such part. */
export function instead(part: string, by: string): FaultStore {
  if (!RIGHT.save.includes(part)) throw new Error(`the right store has no ${part}`);
  return { save: RIGHT.save.replace(part, by) };
}

/** The ids with this outcome. */
export function ids({ outcomes }: Checked, wanted: string): string[] {
  return [...outcomes].flatMap(([id, outcome]) => (outcome === wanted ? [id] : []));
}
