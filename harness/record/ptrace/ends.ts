/** How a traced process ended, from its wait status; and ending it. */
import type { RawEnd } from '../../domain/events.ts';
import { SIGNAL } from './libc.ts';

/** `asked` is what the tracer had decided, if it did: a kill, a time limit. `finished`: the workload has said that all steps are done. */
export function endOfLeader(status: number, asked: RawEnd | undefined, finished: boolean): RawEnd {
  const [signal, code] = [status & 0x7f, (status >> 8) & 0xff];
  if (asked !== undefined) return asked.how === 'killed' ? { ...asked, signal: signalName(signal, code) } : asked;
  if (signal !== 0) return { kind: 'end', how: 'crashed', signal: signalName(signal, code) };
  return code === 0 && finished ? { kind: 'end', how: 'finished' } : { kind: 'end', how: 'exited', code };
}

function signalName(signal: number, code: number): string {
  return signal === SIGNAL.kill ? 'SIGKILL' : signal === 0 ? `exit ${code}` : `signal ${signal}`;
}

/** Kills processes; their ends are still to be waited for. */
export function killProcesses(pids: Iterable<number>): void {
  for (const pid of new Set(pids)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was gone already; its end is on the way.
    }
  }
}
