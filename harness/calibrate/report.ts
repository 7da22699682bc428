/** The calibration as a Markdown page. */

import { withCommas } from '../domain/words.ts';
import { PROFILE_OF } from '../models/power-cut/held-to.ts';
import type { FileSystemName } from '../record/image/file-systems.ts';
import type { CalibratedHistories } from './histories.ts';
import { KNOWN, type KnownKind } from './known.ts';
import type { CalibratedStores } from './stores.ts';

export type Calibration =
  | { readonly name: FileSystemName; readonly missing: string }
  | {
      readonly name: FileSystemName;
      readonly version: string;
      readonly histories: CalibratedHistories;
      readonly stores?: CalibratedStores;
    };

export interface Setting {
  readonly kernel: string;
  readonly runs: number;
  readonly seed: number;
  /** As `npm run calibrate` was called. */
  readonly command: string;
}

const HEAD = `# Calibration: what real file systems leave after a power cut, and what the profiles say

Random histories, and the built-in stores, ran on real file systems in images. After each call the image was copied: it holds what the
kernel had sent to its device, so mounting the copy shows what a machine finds after losing power there. Between calls another file was
forced, the file system committed, everything was synced, or one file's data was written. Every tree that a cut left is checked against
the persistence profile (\`harness/persistence/profiles\`) at the same boundary.
`;

const TAIL = `
*Cuts*: copies made, one per boundary. *Images*: different ones among them, each mounted. *Trees*: different trees at the same boundary,
summed over boundaries. *Seen*: of the trees that the profile allows at the boundaries of the random histories, those that a cut left
there. The others need events that a run of milliseconds does not show: a flusher that writes one page of a file and not the next, a
commit at a moment that was not tried, or one file's data on disk before another's. A profile must allow them, because nothing forbids them.

This method does not show: a cut during a kernel write (the copy waits until the device is idle); a commit during a write that a rename or
a close has started (each such write ends before anything is forced; a commit that does not wait finds zeros on ext4, whose journal does
not wait for data with dioread_nolock, and an empty file on btrfs); and writes that a disk accepted but had not stored.
`;

export function reportOf(calibrated: readonly Calibration[], { kernel, runs, seed, command }: Setting): string {
  const rows = calibrated.map((entry) => {
    const profile = PROFILE_OF[entry.name];
    if ('missing' in entry) return [entry.name, profile, `not checked: ${entry.missing}`, '', '', '', '', '', ''];
    const { version, histories, stores } = entry;
    const cuts = histories.cuts + (stores?.cuts ?? 0);
    const known = [...knownOf(histories, stores).values()].reduce((sum, count) => sum + count, 0);
    const outside = histories.outside.length + (stores?.outside.length ?? 0);
    const share = histories.modelled === 0 ? 0 : (100 * histories.seen) / histories.modelled;
    const seen = `${withCommas(histories.seen)} of ${withCommas(histories.modelled)} (${share.toFixed(0)} %)`;
    return [
      entry.name,
      profile,
      `mkfs ${version}`,
      ...[cuts, histories.images + (stores?.images ?? 0), histories.trees + (stores?.trees ?? 0)].map(withCommas),
      seen,
      withCommas(known),
      withCommas(outside),
    ];
  });
  const titles = ['file system', 'profile', 'made by', 'cuts', 'images', 'trees', 'seen', 'known deviations', 'outside'];
  const table = [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const notReplayable = calibrated
    .map((entry) => ('missing' in entry ? 0 : entry.histories.notReplayable))
    .reduce((sum, count) => sum + count, 0);
  const notReplayableText =
    notReplayable === 0 ? '' : ` The model could not replay ${withCommas(notReplayable)} of all histories; these were not checked.`;
  return [
    HEAD,
    `Made by \`${command}\` on Linux ${kernel}: ${withCommas(runs)} histories per file system, seed ${seed}.${notReplayableText}\n`,
    table,
    TAIL,
    kindsIn(calibrated),
    storesIn(calibrated),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function knownOf(...parts: readonly ({ readonly known: ReadonlyMap<KnownKind, number> } | undefined)[]): Map<KnownKind, number> {
  const sum = new Map<KnownKind, number>();
  for (const { known } of parts.filter((part) => part !== undefined))
    for (const [kind, count] of known) sum.set(kind, (sum.get(kind) ?? 0) + count);
  return sum;
}

function kindsIn(calibrated: readonly Calibration[]): string {
  const lines = calibrated.flatMap((entry) =>
    'missing' in entry
      ? []
      : [...knownOf(entry.histories, entry.stores)].map(
          ([kind, count]) => `- ${withCommas(count)} trees on ${entry.name}. ${KNOWN[kind]}.`,
        ),
  );
  return lines.length === 0
    ? ''
    : `## Known deviations\n\nWhat this kernel does outside the profile; for each, a rule derives the additional trees (\`harness/calibrate/known.ts\`):\n\n${lines.join('\n')}\n`;
}

function storesIn(calibrated: readonly Calibration[]): string {
  const lines = calibrated.flatMap((entry) => {
    if ('missing' in entry || entry.stores === undefined) return [];
    const { cells, cuts, images, trees, notChecked } = entry.stores;
    const line = `- ${entry.name}: ${withCommas(cells)} cells, ${withCommas(cuts)} cuts, ${withCommas(images)} images, ${withCommas(trees)} trees`;
    return [line, ...notChecked.map((reason) => `  - not checked: ${reason}`)];
  });
  return lines.length === 0 ? '' : `## Share of the built-in stores\n\n${lines.join('\n')}\n`;
}
