/** `crash-matrix doctor`: which recorders and models work on this machine, and why not. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createColors } from 'picocolors';
import { DEFAULT_CHOICES, type Model, modelName } from '../domain/models.ts';
import { RECORDERS } from '../record/all.ts';
import type { Refused } from '../record/choose.ts';
import type { Recorder, RecorderKind } from '../record/recorder.ts';
import { type EquippedMachine, missingFor } from './available.ts';
import type { CliCommand } from './command.ts';
import { type ListedModel, listModels } from './model-list.ts';
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
  const checks = await withSession(undefined, async ({ installation, machine, refused }) => [
    ...aboutHere(installation.version),
    ...RECORDERS.map((kind) => aboutRecorder(kind, machine, refused)),
    ...listModels().flatMap((model) => aboutModel(model, machine)),
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
    { ok: true, what: 'temporary directory', detail: `${tmpdir()}, on ${on}` },
  ];
}

function aboutRecorder(kind: RecorderKind, machine: EquippedMachine, refused: readonly Refused[]): Check {
  const what = `recorder ${kind.name}`;
  const why = refused.find(({ name }) => name === kind.name)?.because ?? kind.missing(machine);
  if (why !== undefined) return { ok: false, what, detail: why };
  const isSecondBest = kind.name === machine.recorder.name && refused.length > 0;
  const beside = kind.takesStacks && !isSecondBest ? '; tells source lines' : '';
  return { ok: true, what, detail: `${kind.description}${isSecondBest ? ', and what a run uses here' : beside}` };
}

/** One line for what runs by default; one line for each profile of a model that runs only when it is named. */
function aboutModel({ name, choices }: ListedModel, machine: EquippedMachine): readonly Check[] {
  const byDefault = choices.filter((choice) => DEFAULT_CHOICES.includes(choice));
  const groups = byDefault.length === 0 ? choices.map((choice) => [choice]) : [byDefault];
  return groups.map((group) => {
    const [only, ...others] = group;
    const missing = group.map((choice) => missingFor(choice, machine)).find((why) => why !== undefined);
    const what = `model ${only === undefined || others.length > 0 ? name : modelName(only)}`;
    const profiles = others.length === 0 ? '' : `, on ${allOf(group.flatMap(({ profile = [] }) => profile))}`;
    return { ok: missing === undefined, what, detail: missing ?? `${HOW[name](machine.recorder)}${profiles}` };
  });
}

const HOW: { readonly [model in Model]: (recorder: Recorder) => string } = {
  'process-kill': ({ name }) => `by ${name}`,
  'power-loss': ({ name }) => `by ${name}`,
  'power-cut': () => 'on a loop image',
  'io-error': ({ name }) => `by ${name}`,
  interleaving: () => 'tasks on a fake file system',
  race: () => 'real processes under one tracer',
};

/** `a, b and c`. */
function allOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
