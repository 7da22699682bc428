/**
 * Recoveries in forked children, several at a time. Each child says on a pipe when a stage begins and what it found in the end. One that takes
 * too long for a stage is killed with its process group; one that ends by itself is an answer as well.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { type Recovery, type Stage, stoppedIn } from '../domain/recovery.ts';
import { JsonLines, writeJsonLine } from '../protocol/json-lines.ts';
import type { Forks } from './fork.ts';
import { becomeOwnProcess, exitWhenUncaught } from './warm-store.ts';

/** What a child writes, as JSON lines. */
type Said<Found> =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly so: Recovery | undefined }
  | { readonly kind: 'found'; readonly found: Found };

interface Child {
  readonly pid: number;
  readonly output: JsonLines<Said<never>>;
  readonly onSaid: (said: Said<never>) => void;
  readonly onEnd: (status: number, tookTooLong: boolean) => void;
  deadline: number;
}

export interface ForkedRecovery<Found> {
  /** Called in the child. It ends when this resolves. */
  readonly recover: (begin: (stage: Stage, so?: Recovery) => void) => Promise<Found>;
  readonly onStage?: () => void;
  /** Receives what the child found, or how far a child came that did not get to an end. */
  readonly onEnd: (found: { readonly found: Found } | { readonly stopped: Recovery }) => void;
}

export interface ForkedRecoveries {
  /** Returns in this process only. */
  start<Found>(recovery: ForkedRecovery<Found>): 'started' | 'here is the child';
  /** Waits until a child has something to say or this descriptor can be read; returns whether it can. */
  wait(descriptor: number): boolean;
}

const FOR_EVER_MS = 2 ** 31 - 1;

/** Descriptors in `own` are the server's: children close them. */
export function forkedRecoveries(forks: Forks, timeoutMs: number, own: readonly number[]): ForkedRecoveries {
  const children = new Map<number, Child>();
  const hear = (output: number, child: Child): void => {
    const all = child.output.read();
    if (all === undefined) {
      end(output, child, false);
      return;
    }
    child.deadline = performance.now() + timeoutMs;
    for (const said of all) child.onSaid(said);
  };
  const end = (output: number, child: Child, tookTooLong: boolean): void => {
    children.delete(output);
    closeSync(output);
    process.kill(child.pid, 'SIGKILL'); // it has not been waited for, so this is the child, which may have ended
    child.onEnd(forks.statusOf(child.pid), tookTooLong);
  };
  return {
    start: <Found>({ recover, onStage = () => {}, onEnd }: ForkedRecovery<Found>) => {
      const [output, input] = forks.pipe();
      const pid = forks.fork();
      if (pid === 0) {
        for (const descriptor of [output, ...own, ...children.keys()]) closeSync(descriptor);
        recoverHere(forks, input, recover);
        return 'here is the child';
      }
      closeSync(input);
      let stage: Stage = 'load';
      let so: Recovery | undefined;
      let found: { readonly found: Found } | undefined;
      children.set(output, {
        pid,
        output: new JsonLines(output),
        deadline: performance.now() + timeoutMs,
        onSaid: (said: Said<Found>) => {
          if (said.kind === 'found') found = said;
          else {
            ({ stage, so } = said);
            onStage();
          }
        },
        onEnd: (status, tookTooLong) => {
          const stopped = tookTooLong
            ? ({ kind: 'hung', afterMs: timeoutMs } as const)
            : ({ kind: 'ended', how: howEnded(status) } as const);
          onEnd(found ?? { stopped: stoppedIn(stage, so, stopped) });
        },
      });
      return 'started';
    },
    wait: (descriptor) => {
      const first = Math.min(...[...children.values()].map(({ deadline }) => deadline));
      const within = first === Number.POSITIVE_INFINITY ? undefined : Math.max(0, first - performance.now());
      const readable = forks.readable([descriptor, ...children.keys()], within);
      for (const output of readable) {
        const child = children.get(output);
        if (child !== undefined) hear(output, child);
      }
      const now = performance.now();
      for (const [output, child] of children) if (now >= child.deadline) end(output, child, true);
      return readable.includes(descriptor);
    },
  };
}

function recoverHere<Found>(forks: Forks, input: number, recover: ForkedRecovery<Found>['recover']): void {
  forks.becomeChild();
  forks.endWithParent();
  becomeOwnProcess(forks, process.argv.slice(1, 2)); // the program, as in a process that is started
  setInterval(() => {}, FOR_EVER_MS); // a load that nothing can settle hangs, as in a process that waits for requests
  const say = (said: Said<Found>): void => writeJsonLine(input, said);
  void recover((stage, so) => say({ kind: 'stage', stage, so })).then((found) => {
    say({ kind: 'found', found });
    forks.exit(0); // exit handlers do not run, as in a process that continues
  });
  exitWhenUncaught();
}

function howEnded(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `exit code ${(status >> 8) & 0xff}`;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}
