/** What was tried in a cell, in words that can be joined. */
import type { CellResult, Recoveries } from '../../domain/result.ts';
import { counted, withCommas } from '../../domain/words.ts';

export function triedWords({ tried, histories, states, picture }: CellResult): string[] {
  const drawn = histories === undefined ? [] : [counted(histories.tried, 'random history', 'random histories')];
  if (tried === undefined) return [...drawn, 'nothing could be judged'];
  const judged = `${counted(states, 'state')} judged`;
  const boundaries = picture === '' ? [] : [counted(picture.length, 'boundary', 'boundaries')];
  switch (tried.kind) {
    case 'kills': {
      const { kills, folded, sampled, recoveries } = tried;
      return [
        ...drawn,
        ...boundaries,
        kills === 0 ? 'states observed in one run' : counted(kills, 'kill'),
        ...(folded === 0 ? [] : [`${withCommas(folded)} folded into the one before`]),
        ...(sampled === undefined ? [] : [`${withCommas(sampled.tried)} of ${withCommas(sampled.of)} points inside writes`]),
        judged,
        ...recoveryWords(recoveries),
      ];
    }
    case 'states': {
      const { pages, sectors } = tried.explored;
      const explored = pages.states + (sectors?.states ?? 0);
      const isWhole = pages.kind === 'exhaustive' && sectors?.kind !== 'sampled';
      return [
        ...drawn,
        ...boundaries,
        `${counted(explored, 'state')} explored`,
        judged,
        isWhole ? 'all that there are' : 'a sample',
        ...recoveryWords(tried.recoveries),
      ];
    }
    case 'quits':
      return [...boundaries, ...quitWords(tried), judged];
    case 'cuts':
      return [...drawn, ...boundaries, counted(tried.cuts, 'power cut'), judged];
    case 'faults': {
      const { twice, lasting } = tried;
      const second = twice.of === 0 ? [] : [`${withCommas(twice.tried)} of ${withCommas(twice.of)} runs with a second fault`];
      const last =
        lasting === undefined || lasting.of === 0 ? [] : [`${withCommas(lasting.tried)} of ${counted(lasting.of, 'fault')} that last`];
      return [...drawn, counted(tried.tried, 'failing call'), ...second, ...last, judged];
    }
    case 'starts':
      return [
        `${withCommas(tried.tried)} of ${counted(tried.of, 'start')} that ${tried.of === 1 ? 'is' : 'are'} not as the store left ${tried.of === 1 ? 'it' : 'them'}`,
      ];
    case 'schedules': {
      const { reach, crashes, kills, bound } = tried;
      return [
        ...drawn,
        counted(tried.tried, 'order of calls', 'orders of calls'),
        reach === 'exhaustive' ? 'all that there are' : reach,
        ...(bound === undefined ? [] : [`up to ${counted(bound, 'preemption')}`]),
        ...(crashes === 0 ? [] : [`${counted(crashes, 'crash', 'crashes')} of all tasks`]),
        ...(kills === 0 ? [] : [`${counted(kills, 'kill')} of one task`]),
        judged,
      ];
    }
    default:
      return tried satisfies never;
  }
}

function quitWords({ asked, asKills, inWork, sampled }: Extract<NonNullable<CellResult['tried']>, { kind: 'quits' }>): string[] {
  return [
    ...(asked === 0 ? [] : [`${counted(asked, 'process', 'processes')} asked to quit`]),
    ...(sampled === undefined ? [] : [`${withCommas(sampled.tried)} of ${withCommas(sampled.of)} places`]),
    ...(asKills === 0 ? [] : [`${counted(asKills, 'end')} that nothing handles, as a kill`]),
    `${withCommas(inWork)} in the middle of work`,
  ];
}

function recoveryWords(recoveries: Recoveries | undefined): string[] {
  if (recoveries === undefined) return [];
  const { deeper } = recoveries;
  const levels = [{ ...recoveries, crashes: 2 }, ...(deeper?.levels ?? [])].map(
    ({ crashed, of, states, crashes }) =>
      `${withCommas(crashed)} of ${counted(of, 'recovery', 'recoveries')} crashed again${crashes === 2 ? '' : ` (crash ${crashes})`}, ${counted(states, 'state')} judged`,
  );
  return [...levels, ...(deeper === undefined ? [] : [`${deeper.after} crashes in a row: ${ENDS[deeper.end]}`])];
}

const ENDS = {
  'nothing-new': 'nothing new came',
  crashes: 'something new came to the last',
  limits: 'nothing new came, as far as the limits allow',
} as const satisfies Record<NonNullable<Recoveries['deeper']>['end'], string>;
