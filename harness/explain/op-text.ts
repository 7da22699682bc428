/**
 * An op in words, as every report and case shows it: the call, its files, the bytes it touched, and its error if it failed. And what stands
 * between ops: steps that settled.
 */
import type { ScheduleOp, TaskEvent } from '../domain/schedule.ts';
import type { Mark, Op, OpenFlag, Step, Task } from '../domain/trace.ts';

/** E.g. `rename sessions.json -> sessions.json.bak.<time>`, `write a.tmp 0..1204`, `open a.lock (write, create) failed: EEXIST`. */
export function opText(op: Op): string {
  const by = op.process === 0 ? '' : ` by child process ${op.process}`;
  const failed = op.error === undefined ? '' : ` failed: ${op.error}`;
  return `${effect(op)}${by}${failed}`;
}

/** E.g. `rename a.<uuid>.tmp -> a`, `open a.lock (write, create) failed: EEXIST`: as `opText`, without sizes and offsets. */
export function scheduleOpText({ call, path, to, flags = [], error }: Omit<ScheduleOp, 'task' | 'changed'>): string {
  return `${call} ${path}${to === undefined ? '' : ` -> ${to}`}${openedTo(flags)}${error === undefined ? '' : ` failed: ${error}`}`;
}

/** The op as it was meant: without the errno that it ended with. */
export function asMeant({ error: _, ...meant }: Op): Op {
  return meant;
}

function effect(op: Op): string {
  const path = op.file.path;
  const to = op.to === undefined ? '' : ` -> ${op.to.path}`;
  const mode = op.mode === undefined ? '' : ` ${op.mode.toString(8).padStart(4, '0')}`;
  switch (op.call) {
    case 'open':
      return `open ${path}${openedTo(op.flags)}`;
    case 'copy':
      return `${to === '' ? `copy to ${path}` : `copy ${path}${to}`}${bytes(op)}${openedTo(op.flags)}`;
    case 'truncate':
      return `truncate ${path}${op.range === undefined ? '' : ` to ${op.range.offset + op.range.length}`}`;
    case 'write':
      return `write ${path}${bytes(op)}${openedTo(op.flags)}`;
    case 'read':
    case 'allocate':
    case 'lock':
    case 'unlock':
    case 'mapwrite':
    case 'msync':
      return `${op.call} ${path}${bytes(op)}`;
    case 'mmap':
      return `${op.via} ${path}`;
    case 'chmod':
    case 'mkdir':
    case 'mknod':
      return `${op.call} ${path}${mode}`;
    case 'close':
    case 'fsync':
    case 'fdatasync':
    case 'sync':
    case 'rename':
    case 'link':
    case 'symlink':
    case 'unlink':
    case 'rmdir':
    case 'chown':
    case 'utimes':
    case 'stat':
    case 'access':
    case 'readdir':
    case 'readlink':
    case 'xattr':
      return `${op.call} ${path}${to}`;
    default:
      return op.call satisfies never;
  }
}

/** Opening to read, and opening a directory, are what `open` alone means. */
export function notableFlags(flags: readonly OpenFlag[] = []): OpenFlag[] {
  return flags.filter((flag) => flag !== 'read' && flag !== 'directory');
}

function openedTo(flags: readonly OpenFlag[] | undefined): string {
  const notable = notableFlags(flags);
  return notable.length === 0 ? '' : ` (${notable.join(', ')})`;
}

function bytes(op: Op): string {
  return op.range === undefined ? '' : ` ${op.range.offset}..${op.range.offset + op.range.length}`;
}

/** An op's text without the bytes it touched, which differ from run to run where a file holds a process id. */
export function withoutBytes(text: string): string {
  return text.replace(/ (?:\d+\.\.\d+|to \d+)(?= \(d?sync\)| by child process \d+| failed: [A-Z0-9]+$|$)/, '');
}

/** `step 1 (save) resolved`; of a program `ack a`. */
export function markText(mark: Mark, steps: readonly Step[] | undefined): string {
  if (mark.name !== undefined) return `ack ${mark.name}`;
  const kind = steps?.[mark.step]?.kind;
  return `step ${mark.step + 1}${kind === undefined ? '' : ` (${kind})`} ${mark.kind}`;
}

/** `reader: step 1 (load) resolved` */
export function eventText({ task, step, kind, error }: TaskEvent, tasks: readonly Task[]): string {
  const { name, steps } = tasks[task] ?? { name: '', steps: [] };
  const because = error === undefined ? '' : `: ${error.split('\n')[0]}`;
  return `${name}: step ${step + 1} (${steps[step]?.kind ?? ''}) ${kind}${because}`;
}
