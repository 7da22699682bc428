/** `crash-matrix doctor`: which recorders and models work on this machine, and why not. */
import { statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { createColors } from 'picocolors';
import { cacheDirectory, whyUnwritable } from '../cache/place.ts';
import { usableCores } from '../machine/cores.ts';
import { MODELS, VARIANTS, type Variant } from '../models/all.ts';
import type { Cell, EquippedMachine } from '../models/model.ts';
import { RECORDERS } from '../record/all.ts';
import type { Refused } from '../record/choose.ts';
import type { RecorderKind } from '../record/recorder.ts';
import { whyNoCache } from './cell-cache.ts';
import type { CliCommand } from './command.ts';
import type { Output } from './output.ts';
import { withSession } from './session.ts';

interface Check {
  readonly ok: boolean;
  readonly what: string;
  readonly detail: string;
}

/** File systems by the magic number that statfs(2) gives. */
const BY_MAGIC = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'zfs'],
]);

export const doctorCommand: CliCommand = {
  name: 'doctor',
  description: 'which recorders and models work on this machine, and why not',
  arguments: [],
  options: [],
  examples: [],
  run: (_, __, output) => doctor(output),
};

async function doctor(output: Output): Promise<number> {
  const checks = await withSession(undefined, async ({ installation, machine, refused, recorder, cwd, env }) => [
    ...aboutHere(installation.version),
    aboutCache(whyNoCache({ recorder, env }), cacheDirectory(cwd, env)),
    ...RECORDERS.map((kind) => aboutRecorder(kind, machine, refused)),
    ...MODELS.flatMap((model: Cell['model']) => aboutModel(model, machine)),
  ]);
  const colors = createColors(output.colors);
  const width = Math.max(...checks.map(({ what }) => what.length));
  for (const { ok, what, detail } of checks)
    output.print(`${ok ? colors.green('ok  ') : colors.yellow('no  ')}${what.padEnd(width)}  ${detail}`);
  return 0;
}

function aboutHere(version: string): readonly Check[] {
  const type = statfsSync(tmpdir()).type;
  const on = BY_MAGIC.get(type) ?? `file system type 0x${type.toString(16)}`;
  return [
    { ok: true, what: 'crash-matrix', detail: version },
    { ok: true, what: 'node', detail: `${process.version}, ${process.platform} ${process.arch}` },
    { ok: true, what: 'processors', detail: `${usableCores()} to use of ${cpus().length}` },
    { ok: true, what: 'temporary directory', detail: `${tmpdir()}, on ${on}` },
  ];
}

function aboutCache(whyNone: string | undefined, directory: string): Check {
  const because = whyNone ?? whyUnwritable(directory);
  return { ok: because === undefined, what: 'cache', detail: because === undefined ? directory : `no cell is kept, because ${because}` };
}

function aboutRecorder(
  { name, description, missing }: RecorderKind,
  { recorder, ...machine }: EquippedMachine,
  refused: readonly Refused[],
): Check {
  const because = refused.find((other) => other.name === name)?.because ?? missing(machine);
  const used = recorder.name === name ? '; runs use it here' : '';
  return { ok: because === undefined, what: `recorder ${name}`, detail: because ?? `${description}${used}` };
}

/** Profiles that work alike share a line. */
function aboutModel(model: Cell['model'], machine: EquippedMachine): readonly Check[] {
  const variants = VARIANTS.filter((variant) => variant.model.name === model.name);
  const missing = variants.map(({ profile }) => model.missing(machine, profile));
  if (missing.every((reason) => reason === undefined)) return [{ ok: true, what: `model ${model.name}`, detail: workingDetail(model) }];
  return variants.map(({ name }: Variant, index) => ({
    ok: missing[index] === undefined,
    what: `model ${name}`,
    detail: missing[index] ?? model.words.help,
  }));
}

function workingDetail({ profiles, words }: Cell['model']): string {
  const named = profiles.flatMap(({ name }) => name ?? []);
  return named.length === 0 ? words.help : `${words.help} (${named.join(', ')})`;
}
