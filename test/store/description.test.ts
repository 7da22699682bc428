/** What may stand in a store, and the words for what may not. How a file becomes what it exports: load.process.test.ts. */
import { expect, test } from 'vitest';
import { save } from '../../harness/domain/scenario.ts';
import { MODEL_NAMES } from '../../harness/models/all.ts';
import { type Description, describeStore } from '../../harness/store/description.ts';
import { SAVES } from '../lab/abilities.ts';

const FINE = { save: () => {}, load: () => null };
const withScenario = (history: () => unknown): unknown => ({ ...FINE, scenarios: [{ name: 'x', catches: '', history }] });

const [FIRST_MODEL = '', ...OTHER_MODELS] = MODEL_NAMES;
const described = (exported: unknown): Description => describeStore(exported, Date.UTC(2026, 10, 22), [FIRST_MODEL, ...OTHER_MODELS]);

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'the default export is missing; expected { save, load }'],
  ['null', null, 'the default export is a null; expected { save, load }'],
  ['a function', () => {}, 'the default export is a function; expected { save, load }'],
  ['an empty object', {}, 'load: expected a function'],
  ['no load', { save: () => {} }, 'load: expected a function'],
  ['an unknown member', { ...FINE, zzzzzz: {} }, 'unknown member "zzzzzz"'],
  [
    'two misspelt members',
    { ...FINE, claim: {}, laod: 1 },
    'unknown member "claim"; did you mean claims?, unknown member "laod"; did you mean load?',
  ],
  ['an unknown model', { ...FINE, claims: { 'process-kil': 'durable' } }, 'unknown model "process-kil"; did you mean process-kill?'],
  [
    'a known bug of an unknown model',
    { ...FINE, knownBugs: { replace: { race2: { grade: 'lossy' } } } },
    'unknown model "race2"; did you mean race?',
  ],
  [
    'a misspelt member of a known bug',
    { ...FINE, knownBugs: { replace: { race: { grade: 'lossy', outcome: [] } } } },
    'unknown member "outcome"; did you mean outcomes?',
  ],
  ['a bad claim', { ...FINE, claims: { 'process-kill': 'safe' } }, 'claims.process-kill: '],
  ['less litter than none', { ...FINE, litter: -1 }, 'litter: '],
  ['half a file', { ...FINE, litter: 0.5 }, 'litter: '],
  ['an inconclusive claim', { ...FINE, claims: { 'process-kill': 'inconclusive' } }, 'claims.process-kill: '],
  ['a bad name', { ...FINE, name: '../up' }, 'name: expected letters, digits'],
  ['an empty name', { ...FINE, name: '' }, 'name: expected letters, digits'],
  ['a bad env', { ...FINE, env: { PORT: 1 } }, 'env.PORT: '],
  ['an empty that is no JSON', { ...FINE, empty: new Map() }, 'empty: a Map is not JSON'],
  ['a scenario without history', { ...FINE, scenarios: [{ name: 'x' }] }, 'scenarios.0: expected the name of a built-in scenario'],
  ['a scenario without steps', withScenario(() => ({ steps: [] })), 'scenario x: history must return { steps } with at least one step'],
  [
    'a scenario with a Map',
    withScenario(() => ({ steps: [save({ a: new Map() as never })] })),
    'scenario x: step 1 saves a value that is not JSON: a Map at a',
  ],
  [
    'a scenario with a BigInt',
    withScenario(() => ({ before: [save(1)], steps: [save([1n] as never)] })),
    'scenario x: step 2 saves a value that is not JSON: a bigint at 0',
  ],
  ['a scenario with no step in its steps', withScenario(() => ({ steps: [{}] })), 'scenario x: step 1 is not a step'],
  ['no change', { load: () => {} }, 'no function that changes something: save (a whole value), set (a map) or append (a log)'],
  [
    'two changes',
    { load: () => {}, save: () => {}, append: () => {} },
    "it has save and append: say which of them to hold it to, by contract: 'value' or 'log'",
  ],
  ['a contract without its function', { load: () => {}, save: () => {}, contract: 'map' }, "contract 'map' needs the function set"],
  [
    'a flush that acknowledges and is not there',
    { load: () => {}, set: () => {}, acknowledges: 'flush' },
    "acknowledges: 'flush' needs the function flush",
  ],
  [
    'a map whose own scenario saves a whole value',
    { load: () => {}, set: () => {}, scenarios: [{ name: 'x', catches: '', history: () => ({ steps: [save({})] }) }] },
    'scenario x: step 1 is save, and the store keeps a map: make steps with set(key, value) or remove(key)',
  ],
  ['half a command', { saveCommand: ['x'] }, 'loadCommand: '],
  ['an empty command', { saveCommand: [], loadCommand: ['x'] }, 'saveCommand: expected a program and its arguments'],
  ['a command and a function', { saveCommand: ['x'], loadCommand: ['x'], save: () => {} }, 'unknown member "save"'],
])('is refused: %s', (_, exported, message) => {
  const description = described(exported);
  expect(description.kind === 'invalid' && description.problems.join('; ')).toContain(message);
});

test('what is left out is as usual', () => {
  expect(described(FINE)).toEqual({
    kind: 'store',
    facts: { kind: 'module', abilities: SAVES, ignore: [], claims: {}, knownBugs: {}, ownScenarios: [], env: {} },
  });
});

test.each([
  [{ set: () => {} }, { contract: 'map', updates: false, deletes: false }],
  [
    { set: () => {}, delete: () => {} },
    { contract: 'map', updates: false, deletes: true },
  ],
  [
    { append: () => {}, open: () => {}, flush: () => {}, acknowledges: 'flush' },
    { contract: 'log', updates: false, deletes: false },
  ],
  [
    { save: () => {}, set: () => {}, contract: 'value' },
    { contract: 'value', updates: false, deletes: false },
  ],
])('the functions name the contract: %o', (functions, abilities) => {
  const description = described({ load: () => {}, ...functions });
  expect(description.kind === 'store' && description.facts.abilities).toEqual(abilities);
});
