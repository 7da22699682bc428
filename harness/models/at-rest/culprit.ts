/** Which op of a start took away the only copy of what could not be read: the calls are carried out once more, and recorded. */
import type { Bench } from '../../bench/bench.ts';
import { sitesOfRun } from '../../bench/sites-of-run.ts';
import { keysOf } from '../../domain/json.ts';
import type { Blame } from '../../domain/mechanisms.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import { effectText } from '../../explain/changed.ts';
import { isKept } from '../../judge/damage.ts';
import type { CellStep } from '../../protocol/cell-file.ts';
import { recordOnce } from '../../record/record.ts';
import type { RestVerdict } from './rest-start.ts';

/** Undefined where the calls do something else when they are recorded. */
export async function blameOfDestroyed({ case: one, recovery }: RestVerdict, bench: Bench): Promise<Blame | undefined> {
  const { tree, damage, subject } = one;
  const { recorder, complaint, store } = bench;
  const { next } = bench.scenario;
  const change: CellStep =
    recovery.load.kind === 'threw' && store.abilities.contract === 'value'
      ? { kind: 'update', add: keysOf(next) }
      : { kind: 'save', value: next };
  const prepare = () => bench.prepareOn(tree, [{ kind: 'load' }, change]);
  const trace = await recordOnce(recorder, { prepare, complaint }, subject.trace);
  if (isNotMeasured(trace)) return undefined;
  const op = firstWithout(trace, damage.bytes);
  if (op === undefined) return undefined;
  const site = (await sitesOfRun(bench, trace, prepare)).sites.get(op.index);
  return { mechanism: 'damage-overwritten', op: effectText(op), ...(site && { site }) };
}

function firstWithout({ ops, trees }: Trace, bytes: Uint8Array): Op | undefined {
  const at = trees.findIndex((tree) => !isKept(bytes, tree));
  return at <= 0 ? undefined : ops[at - 1];
}
