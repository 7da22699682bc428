/** The cells of random histories: what was found in them, with the source lines of what fails. */
import type { Bench, FaultCell } from '../check.ts';
import type { CellOptions, CheckedCell } from '../explain/cell-result.ts';
import { faultHistoryResult } from '../explain/fault-history-result.ts';
import { historyResult } from '../explain/history-result.ts';
import type { SiteMatch } from '../explain/sites.ts';
import { checkFaultHistories, type HistoryFaults } from '../generate/check-fault-histories.ts';
import { checkHistories, type HistoryCell, type HistoryFailure } from '../generate/check-histories.ts';
import { type SiteOptions, sitesOfCourse, sitesOfLastCall } from '../generate/history-sites.ts';
import type { NotRecorded } from '../record/record.ts';

/** The cells of one store share the bench, and with it what its histories do. */
export async function measureHistories(
  cell: HistoryCell,
  bench: Bench,
  siteOptions: SiteOptions,
): Promise<((options: CellOptions) => CheckedCell) | NotRecorded> {
  const found = await checkHistories(cell, bench);
  if ('reason' in found) return found;
  const sites = new Map<HistoryFailure, SiteMatch>();
  for (const failure of found.failures) sites.set(failure, await sitesOfCourse(cell.store, bench, failure.course, siteOptions));
  return (options) => historyResult(cell, found, (failure) => sites.get(failure), options);
}

/** The same where calls fail. */
export async function measureFaultHistories(
  cell: FaultCell,
  bench: Bench,
  siteOptions: SiteOptions,
): Promise<((options: CellOptions) => CheckedCell) | NotRecorded> {
  const found = await checkFaultHistories(cell, bench);
  if ('reason' in found) return found;
  const sites = new Map<HistoryFaults, SiteMatch>();
  for (const failure of found.failures) sites.set(failure, await sitesOfLastCall(cell.store, bench, failure, siteOptions));
  const sitesOf = (failure: HistoryFaults): SiteMatch => sites.get(failure) ?? { sites: new Map(), mismatches: [] };
  return (options) => faultHistoryResult(cell, found, sitesOf, options);
}
