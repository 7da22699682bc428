/** What the cells of one store and scenario need from the run that they are part of. */
import type { Effort } from '../domain/effort.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Progress } from '../domain/progress.ts';
import type { Quit } from '../domain/quits.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { NotMeasured } from '../domain/sighting.ts';
import type { Task, Trace, Tree } from '../domain/trace.ts';
import type { FakeBench } from '../fake/fake-bench.ts';
import type { Executions } from '../generate/executions.ts';
import type { LastCall } from '../generate/last-call.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import type { Asked } from '../protocol/quit-file.ts';
import type { FileSystem } from '../record/image/file-systems.ts';
import type { RaceRequest } from '../record/race.ts';
import type { Recorder } from '../record/recorder.ts';
import type { StoreRecovery } from '../recover/recovery-of.ts';
import type { RecordedRecovery, RecordedSubject } from './subject.ts';
import type { Run, WorkloadRuns } from './workload-runs.ts';

export interface Bench extends WorkloadRuns {
  readonly store: LoadedStore;
  readonly scenario: Scenario;
  readonly effort: Effort;
  readonly recorder: Recorder;
  /** Knows which source line asked for an op. */
  readonly siteRecorder: Recorder;
  /** Source files are named relative to it. */
  readonly cwd: string;
  readonly recovery: StoreRecovery;
  readonly onProgress: (progress: Progress) => void;
  /** The scenario's steps, recorded once for all cells. */
  readonly recorded: () => Promise<RecordedSubject | NotMeasured>;
  readonly makeDirectory: () => string;
  /** What the workload that ran in this directory complained of. */
  readonly complaint: (directory: string) => string | undefined;
  /** The recovery of a tree, recorded once for all models. */
  readonly recordRecovery: (tree: Tree, like: Pick<Trace, 'variation'>) => Promise<RecordedRecovery | NotMeasured>;
  /** A run of the scenario in a process that ends in this way, and is started, not forked. */
  readonly prepareQuit: (quit: Quit, asked: Asked) => Run;
  /** The scenario's steps, recorded with other runs than those of `prepare`; also where they do nothing. */
  readonly recordedWith: (prepare: Bench['prepare']) => Promise<RecordedSubject | NotMeasured>;
  /** A run of these calls in a copy of a tree. `loadsFirst`: see `CellFile`. */
  readonly prepareOn: (tree: Tree, calls: readonly CellStep[], loadsFirst?: boolean) => Run;
  /** A run of tasks, one process for each, in a copy of a tree. */
  readonly prepareRace: (tree: Tree, tasks: readonly Task[]) => Omit<RaceRequest, 'schedule' | 'kill' | 'fresh'>;
  /** Runs of one process of a history: all its calls but the last come before the recorded part. */
  readonly prepareLast: (last: LastCall) => WorkloadRuns;
  /** Random histories, executed once for all models. */
  readonly executions: Executions;
  /** The fake file system for this store. */
  readonly fake: FakeBench;
  /** The path of a fresh image of a file system, made once. */
  readonly image: (fileSystem: FileSystem) => Promise<string>;
}
