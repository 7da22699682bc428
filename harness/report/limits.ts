/** The limits of a run in words. */
import type { Limits } from '../domain/effort.ts';
import { counted } from '../domain/words.ts';

const ERRNOS = {
  first: 'one errno of each call',
  fallbacks: 'one errno of each call, and those for which a store may go another way',
  all: 'every errno of each call',
} as const satisfies Record<Limits['errnos'], string>;

/** `up to 2,000 states of power loss`, `6 recoveries crashed again`, …: what a cell is tried with, in words that can be joined. */
export function limitWords(limits: Limits): string[] {
  const { recoveries, errnos, secondFaults, histories, costlyHistories, preemptions } = limits;
  return [
    `up to ${counted(limits.states, 'state')} of power loss`,
    `${counted(recoveries, 'recovery', 'recoveries')} crashed again`,
    ...(limits.crashes > 2 ? [`up to ${limits.crashes} crashes in a row`] : []),
    ERRNOS[errnos],
    counted(secondFaults, 'second fault'),
    counted(limits.lastingFaults, 'lasting fault'),
    `crashes after ${counted(limits.crashedFaults, 'fault')}`,
    `${counted(histories, 'random history', 'random histories')} (${costlyHistories} where each costs more)`,
    ...(limits.killedSaves > 0 ? [`${counted(limits.killedSaves, 'kill')} before a power cut`] : []),
    `up to ${counted(limits.schedules, 'schedule')}`,
    counted(preemptions, 'preemption'),
  ];
}
