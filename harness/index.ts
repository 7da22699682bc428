/** What a store file imports as `crash-matrix`. It carries nothing of the harness, because it is loaded by every child. */
export { append, defineScenario, remove, type Scenario, type ScenarioPlan, save, set, update, type Values } from './domain/scenario.ts';
export {
  type Claim,
  type Claims,
  type CommandStore,
  type Contract,
  defineStore,
  type Grade,
  type KnownBug,
  type KnownBugs,
  type LogStore,
  type MapStore,
  type ModuleStore,
  type Outcome,
  type Store,
} from './domain/store.ts';
export type { Json, Step } from './domain/trace.ts';
