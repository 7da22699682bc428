/** How a traced process ended, from its wait status; and killing processes. */
import type { RawEnd } from '../../domain/events.ts';
import { SIGNAL } from './libc.ts';

/** `decided`: the end that the tracer had decided on, if any: a kill, a time limit. `finished`: the workload reported all steps done. */
export function endOfLeader(status: number, decided: RawEnd | undefined, finished: boolean): RawEnd {
  const [signal, code] = [status & 0x7f, (status >> 8) & 0xff];
  if (decided !== undefined) return decided.how === 'killed' ? { ...decided, signal: signalName(signal, code) } : decided;
  if (signal !== 0) return { kind: 'end', how: 'crashed', signal: signalName(signal, code) };
  return code === 0 && finished ? { kind: 'end', how: 'finished' } : { kind: 'end', how: 'exited', code };
}

function signalName(signal: number, code: number): string {
  return signal === SIGNAL.kill ? 'SIGKILL' : signal === 0 ? `exit ${code}` : `signal ${signal}`;
}

/** Kills processes, without waiting for them to end. */
export function killProcesses(pids: Iterable<number>): void {
  for (const pid of new Set(pids)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already ended; waitpid will report it.
    }
  }
}
