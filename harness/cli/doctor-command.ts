/** `crash-matrix doctor`: which recorders and models work on this machine, and why not. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createColors } from 'picocolors';
import { missingFor } from '../models/power-cut/missing.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
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
  const checks = await withSession(undefined, async ({ recorder, refused, installation, env }): Promise<Check[]> => {
    const fallback = refused[0]?.because;
    const type = statfsSync(tmpdir()).type;
    return [
      { ok: true, what: 'crash-matrix', detail: installation.version },
      { ok: true, what: 'node', detail: `${process.version}, ${process.platform} ${process.arch}` },
      {
        ok: true,
        what: 'temporary directory',
        detail: `${tmpdir()}, on ${BY_MAGIC.get(type) ?? `file system type 0x${type.toString(16)}`}`,
      },
      { ok: fallback === undefined, what: 'recorder ptrace', detail: fallback ?? 'real syscalls of every process and thread of a store' },
      {
        ok: true,
        what: 'recorder binding',
        detail: `what Node's fs does${recorder.takesStacks ? ', and what a run uses here' : '; tells source lines'}`,
      },
      { ok: true, what: 'model process-kill', detail: `by ${recorder.name}` },
      { ok: true, what: 'model power-loss', detail: `by ${recorder.name}, on posix, ext4, ext4-noauto, xfs and btrfs` },
      { ok: true, what: 'model io-error', detail: `by ${recorder.name}` },
      { ok: true, what: 'model interleaving', detail: 'tasks on a fake file system' },
      {
        ok: fallback === undefined,
        what: 'model race',
        detail: fallback === undefined ? 'real processes under one tracer' : 'needs the recorder ptrace',
      },
      ...Object.values(FILE_SYSTEMS).map((fileSystem) => {
        const missing = fallback === undefined ? missingFor(fileSystem, env.PATH ?? '') : 'needs the recorder ptrace';
        return { ok: missing === undefined, what: `model power-cut:${fileSystem.name}`, detail: missing ?? 'on a loop image' };
      }),
    ];
  });
  const colors = createColors(output.colors);
  const width = Math.max(...checks.map(({ what }) => what.length));
  for (const { ok, what, detail } of checks)
    output.print(`${ok ? colors.green('ok  ') : colors.yellow('no  ')}${what.padEnd(width)}  ${detail}`);
  return 0;
}
