/**
 * What is imported as `crash-matrix`: by store files, which every child loads, and by scripts and tests that run stores. It carries nothing of
 * the harness: `runMatrix` starts that as a process of its own.
 */
export {
  defineConfig,
  type FileUrl,
  type HowOptions,
  type MatrixConfig,
  type MatrixOptions,
  type StopSignal,
  type StorePlace,
} from './api/options.ts';
export { type MatrixRun, runMatrix } from './api/run-matrix.ts';
export { HarnessError, InterruptedError, UnavailableError, UsageError } from './domain/errors.ts';
export type { CaseResult, Cause, CellResult, Result } from './domain/result.ts';
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
  type ProgramStore,
  type Store,
} from './domain/store.ts';
export type { Json, Step } from './domain/trace.ts';
export type { MatrixEvent } from './protocol/matrix.ts';
