/** Case ids of every model: what is written is read as the same case, and what is read is written as the same text. */
import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { parseCaseId } from '../../harness/cli/case-id.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import { QUIT_NAMES, type Quit } from '../../harness/domain/quits.ts';
import type { ConcurrentHistory } from '../../harness/generate/concurrent.ts';
import type { History, HistoryStep } from '../../harness/generate/history.ts';
import { MODELS, VARIANTS } from '../../harness/models/all.ts';
import { DAMAGES } from '../../harness/models/at-rest/damages.ts';
import type { NamedStart } from '../../harness/models/at-rest/rest-start.ts';
import type { NamedState } from '../../harness/models/crash/crash-id.ts';
import type { NamedFault } from '../../harness/models/io-error/explore.ts';
import type { OpFault } from '../../harness/models/io-error/fault-id.ts';
import type { Cell } from '../../harness/models/model.ts';
import type { NamedRace } from '../../harness/models/race/race-id.ts';
import { PROFILE_NAMES } from '../../harness/persistence/profile.ts';
import type { NamedSchedule } from '../../harness/protocol/interleave.ts';
import { variantOf } from '../lab/cells.ts';

/** The ids of one model. */
interface Ids<Named> {
  /** A case with this name, as far as its id goes. */
  readonly caseOf: (named: Named) => object;
  /** Named cases, for each variant of the model. */
  readonly named: (variant: string) => fc.Arbitrary<Named>;
  /** Ids as the headers of the models' files have them. */
  readonly texts: readonly string[];
  readonly refused: readonly string[];
}

const number = fc.oneof(fc.nat(20), fc.nat(999_999));
/** Of what may be absent nothing is left where it is. */
const optional = <T extends object>(parts: { [key in keyof T]: fc.Arbitrary<T[key]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(parts, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

const digit = fc.integer({ min: 1, max: 9 });
const history: fc.Arbitrary<History> = fc.array(
  fc.oneof<fc.Arbitrary<HistoryStep>[]>(
    digit.map((value) => ({ kind: 'save', value })),
    digit.map((key) => ({ kind: 'update', key })),
    fc.constantFrom<HistoryStep>({ kind: 'reset' }, { kind: 'unchanged' }, { kind: 'reload' }),
    number.map((after) => ({ kind: 'crash', after })),
  ),
  { minLength: 1, maxLength: 12 },
);
const task = fc.array(
  fc.oneof(
    fc.constantFrom('l', 'z'),
    fc.tuple(fc.constantFrom('s', 'u'), digit).map((parts) => parts.join('')),
  ),
  {
    minLength: 1,
    maxLength: 3,
  },
);
const concurrent: fc.Arbitrary<ConcurrentHistory> = fc.tuple(
  task,
  task.map((steps) => ['l', ...steps, 'x']),
);
const schedule = fc.array(fc.record({ task: fc.nat(7), steps: fc.nat(99_999) }), { minLength: 1, maxLength: 9 });

const lostPart = fc
  .tuple(number, fc.option(number, { nil: undefined }))
  .map(([op, part]) => (part === undefined ? `${op}` : `${op}.${part}`));
const lostDetail = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.constantFrom('lost', 'lost512'), fc.array(lostPart, { minLength: 1, maxLength: 5 }))
    .map(([unit, parts]) => `${unit}=${parts.join('+')}`),
  fc.stringMatching(/^tree=[0-9a-f]{16}$/),
);

/** Each in the recovery from the one before. */
const inARow = ([first, ...later]: readonly NamedState[]): NamedState => {
  if (first === undefined) throw new Error('there is a first crash');
  return later.length === 0 ? first : { ...first, second: inARow(later) };
};

/** A crash, then others in recovery, or in a random history. */
const crashes = (state: fc.Arbitrary<NamedState>, twice: boolean): fc.Arbitrary<NamedState> =>
  fc.oneof(
    state,
    fc.tuple(state, history).map(([named, steps]) => ({ ...named, history: steps })),
    ...(twice ? [fc.array(state, { minLength: 2, maxLength: 5 }).map((all) => inARow(all))] : []),
  );

const crashed =
  (state: (named: NamedState) => object) =>
  (named: NamedState): object => {
    const then = (first: object, second: NamedState | undefined): object =>
      second === undefined ? first : then({ how: 'in-recovery', first, second: state(second) }, second.second);
    return { subject: { history: named.history && { steps: named.history } }, state: then(state(named), named.second) };
  };

const processKill: Ids<NamedState> = {
  caseOf: crashed(({ at }) => ({ how: 'killed', at })),
  named: () =>
    crashes(
      fc.record({ op: number, bytes: number }, { requiredKeys: ['op'] }).map((at) => ({ at: at as NamedState['at'], detail: '' })),
      true,
    ),
  texts: [
    '@12',
    '@12~torn=4096',
    '@12~then=3~torn=4096',
    '@12~torn=512~then=3',
    '@12~then=3~torn=512~then=0~then=7',
    '@12~history=s1.c2',
    '@12~history=s1.u2.z.r.l~torn=7',
  ],
  refused: [
    '@1~lost=3',
    '@1~torn=',
    '@1~torn=x',
    '@1~then=',
    '@1~then=2~lost=3',
    '@1~then=2~then=',
    '@1~then=2~then=3~lost=3',
    '@1~history=',
    '@1~history=q7',
    '@1~history=s1~EIO',
    '@1~history=s1~then=3',
  ],
};

const quit: Ids<{ readonly op: number; readonly quit: Quit }> = {
  caseOf: ({ op, quit: how }) => ({ state: { how: 'killed', at: { op } }, quit: how }),
  named: () => fc.record({ op: number, quit: fc.constantFrom(...QUIT_NAMES) }),
  texts: ['@12~SIGTERM', '@0~SIGINT', '@3~exit', '@3~error', '@3~rejection', '@4~end'],
  refused: ['@1', '@1~SIGKILL', '@1~', '@1~exit~then=3', '@1~torn=3'],
};

const powerLoss: Ids<NamedState> = {
  caseOf: crashed(({ at, detail }) => ({ how: 'power-lost', at, loss: { detail } })),
  named: () =>
    crashes(
      fc.tuple(number, lostDetail).map(([op, detail]) => ({ at: { op }, detail })),
      true,
    ),
  texts: [
    '@12',
    '@12~lost=7',
    '@12~lost=7.2+9',
    '@12~lost512=7',
    '@12~tree=0123456789abcdef',
    '@12~lost=7~then=3~lost=1',
    '@12~then=3~lost=1+2~then=4~then=5~lost512=6',
    '@12~then=3',
    '@12~history=s1.c2~lost=7',
  ],
  refused: [
    '@1~torn=3',
    '@1~lost=../x',
    '@1~lost=',
    '@1~lost=+',
    '@1~lost=7..2',
    '@1~lost1024=7',
    '@1~tree=xyz',
    '@1~tree=0123456789abcdef0',
  ],
};

const powerCut: Ids<NamedState> = {
  caseOf: crashed(({ at, detail }) => {
    const [how, op] = detail.split('=');
    return { how: 'cut', at, ...(op !== undefined && { force: { how, at: Number(op) } }) };
  }),
  named: () =>
    crashes(
      fc.record({
        at: fc.record({ op: number }),
        detail: fc.oneof(
          fc.constant(''),
          fc.tuple(fc.constantFrom('fsync', 'commit', 'sync'), number).map((parts) => parts.join('=')),
        ),
      }),
      false,
    ),
  texts: ['@12', '@12~fsync=5', '@12~sync=5', '@12~commit=5', '@12~history=s1.c2~sync=5'],
  refused: ['@1~lost=3', '@1~fsync', '@1~fdatasync=3', '@1~sync=2~then=3', '@1~then=3', '@1~then=3~then=4'],
};

const errno = fc.constantFrom('EIO', 'ENOSPC', 'EACCES', 'EMFILE', 'EROFS', 'EPERM', 'EDQUOT', 'ENOLCK');
const opFault: fc.Arbitrary<OpFault> = fc.oneof<fc.Arbitrary<OpFault>[]>(
  fc.record({ kind: fc.constant('errno'), op: number, errno }),
  fc.record({ kind: fc.constant('short'), op: number, bytes: number }),
  fc.record({ kind: fc.constant('full'), op: number, room: number }, { requiredKeys: ['kind', 'op'] }) as fc.Arbitrary<OpFault>,
  fc
    .tuple(number, fc.integer({ min: 1, max: 99 }), errno)
    .map(([since, later, its]) => ({ kind: 'lost', op: since + later, since, errno: its })),
);
const inUse: fc.Arbitrary<OpFault> = fc.record({ kind: fc.constant('in-use'), op: number, lasts: fc.boolean() });
const cut = fc.record({ profile: fc.constantFrom(...PROFILE_NAMES), boundary: number, detail: lostDetail });

const ioError: Ids<NamedFault> = {
  caseOf: ({ fault, history: steps }) => ({ fails: fault, subject: { history: steps && { steps } } }),
  named: (variant) => {
    const one = variant === 'io-error' ? opFault : inUse;
    const faults = fc.oneof(fc.tuple(one), fc.tuple(one, one)).map((all) => ({ kind: 'faults', faults: all }) as const);
    const ofFsync = fc
      .tuple(fc.constantFrom('dropped', 'lie'), number, optional({ cut }))
      .map(([kind, op, rest]) => ({ kind, op, ...rest }));
    const crash = fc.oneof(
      number.map((boundary) => ({ how: 'kill', boundary }) as const),
      cut.map((power) => ({ how: 'cut', cut: power }) as const),
    );
    const crashed = fc.record({ kind: fc.constant('then-crash'), fault: one, crash });
    const fault = variant === 'io-error' ? fc.oneof(faults, ofFsync, crashed) : faults;
    return fc.tuple(fault, optional({ history })).map(([its, rest]) => ({ fault: its, ...rest }) as NamedFault);
  },
  texts: [
    '@2~EMFILE',
    '@7~short=100',
    '@7~ENOSPC+',
    '@7~ENOSPC+100',
    '@2~EMFILE~then=5~EIO',
    '@9~EIO~dropped',
    '@9~EIO~dropped=xfs.14.lost=7',
    '@9~lie=xfs.14.lost=7',
    '@9~lie=ext4-noauto.14',
    '@9~EIO~lost=7',
    '@8~EXDEV~kill=12',
    '@9~EIO~lost=7~kill=12',
    '@8~EXDEV~cut=xfs.14.lost=7',
    '@5~history=s1.z~EXDEV~kill=12',
    '@5~history=s1.z~EIO',
    '@5~history=s1.z~EIO~then=6~ENOSPC+',
  ],
  refused: [
    '@2',
    '@2~ENOMEM!',
    '@2~lost=3',
    '@2~short=',
    '@2~EXDEV~kill=',
    '@2~EXDEV~cut=zfs.3',
    '@2~kill=3',
    '@2~EIO~then=3~EIO~kill=4',
    '@2~EMFILE+',
    '@2~EMFILE~then=5',
    '@2~toString',
    '@9~EIO~dropped=zfs.14',
    '@9~EMFILE~dropped',
    '@9~lie=xfs.14.lost=x',
    '@9~lie=xfs',
    '@5~history=s1',
  ],
};
const onWindows: Pick<Ids<NamedFault>, 'texts' | 'refused'> = {
  texts: ['@12~EPERM+', '@12~EPERM', '@12~EPERM~then=14~EPERM+', '@12~history=s1~EPERM'],
  refused: ['@2', '@2~EMFILE', '@2~EPERM++', '@7~short=100', '@7~ENOSPC+'],
};

const interleaving: Ids<NamedSchedule> = {
  caseOf: ({ schedule: turns, crashAfter, history: tasks }) => ({
    end: { schedule: turns, how: crashAfter === undefined ? 'ended' : 'crashed', ops: Array.from({ length: crashAfter ?? 0 }) },
    subject: { history: tasks },
  }),
  named: () =>
    fc
      .tuple(schedule, optional({ crashAfter: fc.nat(50), history: concurrent }))
      .map(([turns, rest]) => ({ schedule: turns, ...rest }) as NamedSchedule),
  texts: ['@7~a5.b2', '@7~a5.b2~crash', '@4~a5.b2~crash', '@5~a5.b0', '@7~history=s1+l.x~a5.b2', '@3~history=s1+l.x~a5.b2~crash'],
  refused: [
    '@7',
    '@7~a5.z9',
    '@7~a5~kill=a',
    '@7~a5.b',
    '@7~a05',
    '@7~crash',
    '@7~history=s1~a5',
    '@7~history=s1+x~a5',
    '@7~history=s1+l.x',
  ],
};

const race: Ids<NamedRace> = {
  caseOf: ({ schedule: turns, kill, history: tasks }) => ({ end: { schedule: turns, killed: kill }, subject: { history: tasks } }),
  named: () =>
    fc
      .tuple(schedule, optional({ kill: fc.nat(7), history: concurrent }))
      .map(([turns, rest]) => ({ schedule: turns, ...rest }) as NamedRace),
  texts: ['@7~a5.b2', '@7~a5.b2~kill=a', '@7~history=s1+l.x~a5.b2', '@7~history=s1+l.x~a5.b2~kill=b'],
  refused: ['@7', '@7~a5~crash', '@7~a5~kill=z', '@7~a5~kill=', '@7~kill=a', '@7~history=s1~a5', '@7~history=s1+l.x'],
};

const atRest: Ids<NamedStart> = {
  caseOf: ({ kind, ...rest }) => ({ ...rest, damage: { kind } }),
  named: () => fc.record({ boundary: number, kind: fc.constantFrom(...DAMAGES), file: fc.integer({ min: 1, max: 99 }) }),
  texts: ['@12~cut=2', '@0~flip=1'],
  refused: ['@12', '@12~cut', '@12~cut=0', '@12~torn=1', '@12~cut=1+2', '@12~history=s1~cut=1'],
};

const throughLink: Ids<unknown> = {
  caseOf: () => ({}),
  named: () => fc.constant({ boundary: 0 }),
  texts: ['@0'],
  refused: ['@1', '@0~symlink', '@0~history=s1'],
};

const IDS = {
  'process-kill': processKill,
  quit,
  'power-loss': powerLoss,
  'power-cut': powerCut,
  'io-error': ioError,
  'io-error:windows': { ...ioError, ...onWindows },
  interleaving,
  race,
  'at-rest': atRest,
  'through-link': throughLink,
} as const;

// biome-ignore lint/suspicious/noExplicitAny: each model gets its own names back.
const idsOf = (variant: string): Ids<any> => {
  const found =
    Object.entries(IDS).find(([name]) => name === variant) ?? Object.entries(IDS).find(([name]) => name === variant.split(':')[0]);
  if (found === undefined) throw new Error(`the ids of ${variant} are not tested`);
  return found[1];
};
const textOf = (model: Cell['model'], named: unknown): string => model.id.write(idsOf(model.name).caseOf(named));
const read = (variant: string, text: string): unknown => parseCaseId(`store/scenario/${variant}${text}`).only;

test('every model is tested', () => {
  for (const { name } of MODELS) expect(() => idsOf(name)).not.toThrow();
});

describe.each(VARIANTS.map(({ name }) => name))('%s', (variant) => {
  const { model } = variantOf(variant);
  const { named, texts, refused } = idsOf(variant);

  law.prop([named(variant)])('a case is found again by its id', (one) => {
    expect(read(variant, textOf(model, one))).toEqual(one);
  });

  test.each(texts)('%s is written as it was read', (text) => {
    expect(textOf(model, read(variant, text))).toBe(text);
  });

  test.each([...refused, '@', '@-1', '@1.5', '@x', '~', ''])('%j is refused', (text) => {
    expect(() => read(variant, text)).toThrow(UsageError);
  });

  law.prop([named(variant), fc.nat()])('a number in an id begins with no zero', (one, which) => {
    const text = textOf(model, one);
    const numbers = [...text.matchAll(/(?<![\da-z])\d+|(?<=[a-z])\d+(?=[.~]|$)/g)].filter(
      ({ index }) => !/tree=[\da-f]*$/.test(text.slice(0, index)),
    );
    const at = numbers[which % numbers.length]?.index ?? 0;
    expect(() => read(variant, `${text.slice(0, at)}0${text.slice(at)}`)).toThrow(UsageError);
  });

  law.prop([named(variant), fc.nat(), fc.nat()])('parts of an id have one order, and stand once', (one, from, to) => {
    const [first = '', ...parts] = textOf(model, one).split('~');
    const moved = parts.toSpliced(to % (parts.length + 1), 0, parts[from % Math.max(1, parts.length)] ?? '');
    const text = [first, ...moved].join('~');
    try {
      expect(textOf(model, read(variant, text))).toBe(text);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
    }
  });

  law.prop([named(variant), fc.constantFrom('~x', '.', '~', '!', '\n')])('and so is an id with something more', (one, more) => {
    expect(() => read(variant, `${textOf(model, one)}${more}`)).toThrow(UsageError);
  });
});
