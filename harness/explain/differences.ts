/** How a loaded value differs from the promised value that is nearest to it. Pure. */
import { alike, type Likeness } from '../domain/alike.ts';
import { isObject } from '../domain/json.ts';
import type { Outcome } from '../domain/outcomes.ts';
import type { Recovery } from '../domain/recovery.ts';
import type { CaseResult } from '../domain/result.ts';
import type { Json, Promised } from '../domain/trace.ts';

export type Differences = NonNullable<CaseResult['differs']>;

type Kind = 'missing' | 'changed' | 'added';

/** Members that are named of each kind; the others are counted. */
const NAMED = 3;

/** Outcomes of a value that was loaded, and is in part what it should be. */
const IN_PART: ReadonlySet<Outcome> = new Set(['mixed', 'stale', 'false-ack', 'lost', 'twice', 'torn', 'out-of-order']);

/** Undefined where load returned nothing that could be compared. */
export function differencesIn(
  outcome: Outcome,
  { load }: Pick<Recovery, 'load'>,
  promised: Promised,
  likeness: Likeness,
): Differences | undefined {
  return IN_PART.has(outcome) && load.kind === 'loaded' ? differencesFrom(load.value, promised, likeness) : undefined;
}

/** Undefined where nothing differs, or the two have nothing in common. */
function differencesFrom(value: Json | undefined, promised: Promised, likeness: Likeness): Differences | undefined {
  const candidates = [
    { from: 'promised', value: promised.acknowledged } as const,
    ...promised.inFlight.map((one) => ({ from: 'under way', value: one }) as const),
  ];
  const compared = candidates.map(({ from, value: wanted }) => ({ from, members: membersThatDiffer(wanted, value, likeness) }));
  const [nearest] = compared.sort((one, other) => one.members.length - other.members.length);
  if (nearest === undefined || nearest.members.length === 0 || nearest.members.some(({ at }) => at === '')) return undefined;
  const of = (kind: Kind): Differences[Kind] => {
    const names = nearest.members.filter((one) => one.kind === kind).map(({ at }) => at);
    return { count: names.length, names: names.slice(0, NAMED) };
  };
  return { from: nearest.from, missing: of('missing'), changed: of('changed'), added: of('added') };
}

interface Member {
  readonly kind: Kind;
  /** `settings.theme`, `[3]`; empty for the whole value. */
  readonly at: string;
}

function membersThatDiffer(wanted: Json | undefined, found: Json | undefined, likeness: Likeness): Member[] {
  const members: Member[] = [];
  const look = (one: Json | undefined, other: Json | undefined, path: readonly string[], at: string): void => {
    if (alike(one, other, likeness, path)) return;
    if (one === undefined || other === undefined) {
      members.push({ kind: other === undefined ? 'missing' : 'added', at });
    } else if (Array.isArray(one) && Array.isArray(other)) {
      for (let index = 0; index < Math.max(one.length, other.length); index += 1)
        look(one[index], other[index], [...path, String(index)], `${at}[${index}]`);
    } else if (isObject(one) && isObject(other)) {
      for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
        look(one[key], other[key], [...path, key], at === '' ? key : `${at}.${key}`);
    } else {
      members.push({ kind: 'changed', at });
    }
  };
  look(wanted, found, [], '');
  return members;
}
