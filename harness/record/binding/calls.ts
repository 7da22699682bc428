/**
 * Which ops each function of the binding consists of: a single one, or the several that it fuses.
 *
 * The arguments are as node:fs passes them, without the request. A function that is neither in this table nor in `HARMLESS`
 * is reported as unmeasured when it is called.
 */
import type { Call } from '../../domain/trace.ts';
import { copyFile, firstOpOfCopy } from './copy-file.ts';
import { type CopyTreeOptions, checkPaths, copyTree, overrideFile } from './copy-tree.ts';
import { asErrorOf } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import type { Describe, Job } from './job.ts';
import { makeDirectories } from './make-directories.ts';
import { makeTemporary } from './make-temporary.ts';
import type { Native, NativeFunction, NativePath } from './native.ts';
import type { OpResult, PlannedOp } from './planned-op.ts';
import { removeTree } from './remove-tree.ts';
import { readUtf8, writeUtf8 } from './whole-file.ts';

/** Functions that touch no file, or only read modules before they are loaded. */
export const HARMLESS: ReadonlySet<string> = new Set([
  'FSReqCallback',
  'FileHandle',
  'StatWatcher',
  'getFormatOfExtensionlessFile',
  'internalModuleReadJSON',
  'legacyMainResolve',
]);

/** Functions that open, close or move a descriptor's position. They are followed even before recording starts. */
export const TRACKED: ReadonlySet<string> = new Set([
  'open',
  'openFileHandle',
  'close',
  'read',
  'readBuffers',
  'readFileUtf8',
  'writeBuffer',
  'writeBuffers',
  'writeFileUtf8',
  'writeString',
]);

export function describeCalls(native: Native, ops: FileOps): ReadonlyMap<string, Describe> {
  const { fs } = native;
  const original = (name: string): NativeFunction => native.named.get(name) ?? unknownFunction(name);

  /** A call that is one op on a path, carried out by the original. */
  const onPath =
    (name: string, call: Call, follow: boolean, modeAt?: number): Describe =>
    (args) => {
      const path = args[0] as NativePath;
      const planned = (): PlannedOp | undefined =>
        ops.onPath(call, name, path, follow, modeAt === undefined ? undefined : Number(args[modeAt]));
      if (ops.context.locate(path, follow) === undefined) return undefined;
      // A stat with throwIfNoEntry false returns undefined.
      const resultOf = (value: unknown): OpResult => (call === 'stat' && value === undefined ? { error: 'ENOENT' } : {});
      return { first: planned, run: () => ops.perform(planned(), () => copied(original(name)(...withThrowFlag(name, args))), resultOf) };
    };

  /** A call that is one op on a descriptor, carried out by the original. */
  const onDescriptor =
    (name: string, call: Call, modeAt?: number): Describe =>
    (args) => {
      const fd = args[0] as number;
      const planned = (): PlannedOp | undefined =>
        ops.onDescriptor(call, name, fd, modeAt === undefined ? undefined : Number(args[modeAt]));
      if (!ops.openFiles.has(fd)) return undefined;
      return { first: planned, run: () => ops.perform(planned(), () => copied(original(name)(...withThrowFlag(name, args)))) };
    };

  /** A call on a descriptor that `FileOps` carries out. */
  const viaOps =
    (name: string, call: Call, run: (fd: number, args: readonly unknown[]) => unknown): Describe =>
    (args) => {
      const fd = args[0] as number;
      return ops.openFiles.has(fd) ? { first: () => ops.onDescriptor(call, name, fd), run: () => run(fd, args) } : undefined;
    };

  /** A call on one or two paths that `FileOps` carries out, if either path lies inside. */
  const onPaths =
    (
      first: (args: readonly unknown[]) => PlannedOp | undefined,
      run: (args: readonly unknown[], form: 'sync' | 'async') => unknown,
    ): Describe =>
    (args) =>
      first(args) === undefined ? undefined : { first: () => first(args), run: (form) => run(args, form) };

  const calls = new Map<string, Describe>([
    ['access', onPath('access', 'access', true)],
    ['stat', onPath('stat', 'stat', true)],
    ['lstat', onPath('lstat', 'stat', false)],
    ['statfs', onPath('statfs', 'stat', true)],
    ['realpath', onPath('realpath', 'readlink', true)],
    ['readlink', onPath('readlink', 'readlink', false)],
    ['readdir', onPath('readdir', 'readdir', true)],
    ['readdirRecursive', onPath('readdirRecursive', 'readdir', true)],
    ['chmod', onPath('chmod', 'chmod', true, 1)],
    ['chown', onPath('chown', 'chown', true)],
    ['lchown', onPath('lchown', 'chown', false)],
    ['utimes', onPath('utimes', 'utimes', true)],
    ['lutimes', onPath('lutimes', 'utimes', false)],
    ['fstat', onDescriptor('fstat', 'stat')],
    ['fsync', onDescriptor('fsync', 'fsync')],
    ['fdatasync', onDescriptor('fdatasync', 'fdatasync')],
    ['ftruncate', onDescriptor('ftruncate', 'truncate')],
    ['fchmod', onDescriptor('fchmod', 'chmod', 1)],
    ['fchown', onDescriptor('fchown', 'chown')],
    ['futimes', onDescriptor('futimes', 'utimes')],

    ['close', viaOps('close', 'close', (fd) => ops.close(fd, 'close'))],
    [
      'read',
      viaOps('read', 'read', (fd, args) => {
        const [, buffer, offset, length, position] = args as [number, Uint8Array, number, number, number | bigint];
        return ops.read(fd, position, 'read', (limit) => fs.read(fd, buffer, offset, Math.min(length, limit ?? length), position));
      }),
    ],
    [
      'readBuffers',
      viaOps('readBuffers', 'read', (fd, args) =>
        ops.read(fd, args[2], 'readBuffers', (limit) => {
          const buffers = args[1] as readonly ArrayBufferView[];
          return original('readBuffers')(fd, limit === undefined ? buffers : firstBytes(buffers, limit), args[2]) as number;
        }),
      ),
    ],
    [
      'writeBuffer',
      viaOps('writeBuffer', 'write', (fd, args) => {
        const [, buffer, offset, length, position] = args as [number, ArrayBufferView, number, number, number | null];
        return ops.write(fd, [new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length)], position, 'writeBuffer');
      }),
    ],
    [
      'writeBuffers',
      viaOps('writeBuffers', 'write', (fd, args) => {
        const buffers = (args[1] as ArrayBufferView[]).map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
        return ops.write(fd, buffers, args[2], 'writeBuffers');
      }),
    ],
    [
      'writeString',
      viaOps('writeString', 'write', (fd, args) => {
        const [, text, position, encoding] = args as [number, string, number | null, BufferEncoding];
        return ops.write(fd, [Buffer.from(text, encoding || 'utf8')], position, 'writeString');
      }),
    ],

    [
      'open',
      onPaths(
        ([path, flags, mode]) => ops.plannedOpen(path as NativePath, flags as number, mode as number, 'open'),
        ([path, flags, mode]) => ops.openFile(path as NativePath, flags as number, mode as number, 'open'),
      ),
    ],
    [
      'openFileHandle',
      onPaths(
        ([path, flags, mode]) => ops.plannedOpen(path as NativePath, flags as number, mode as number, 'openFileHandle'),
        ([path, flags, mode]) => new native.FileHandle(ops.openFile(path as NativePath, flags as number, mode as number, 'openFileHandle')),
      ),
    ],
    [
      'rename',
      onPaths(
        ([from, to]) => ops.plannedRename(from as NativePath, to as NativePath),
        ([from, to]) => ops.rename(from as NativePath, to as NativePath, () => void original('rename')(from, to)),
      ),
    ],
    [
      'link',
      onPaths(
        ([from, to]) => ops.plannedLink(from as NativePath, to as NativePath),
        ([from, to]) => ops.perform(ops.plannedLink(from as NativePath, to as NativePath), () => original('link')(from, to)),
      ),
    ],
    [
      'symlink',
      onPaths(
        ([target, path]) => ops.plannedSymlink(target as NativePath, path as NativePath),
        ([target, path, flags]) =>
          ops.symlink(target as NativePath, path as NativePath, () => void original('symlink')(target, path, flags)),
      ),
    ],
    [
      'unlink',
      onPaths(
        ([path]) => ops.onPath('unlink', 'unlink', path as NativePath, false),
        ([path]) => ops.unlink(path as NativePath, 'unlink'),
      ),
    ],
    [
      'rmdir',
      onPaths(
        ([path]) => ops.onPath('rmdir', 'rmdir', path as NativePath, false),
        ([path]) => ops.rmdir(path as NativePath, 'rmdir'),
      ),
    ],
    [
      'mkdir',
      onPaths(
        ([path, mode]) => ops.onPath('mkdir', 'mkdir', path as NativePath, false, mode as number),
        ([path, mode, recursive], form) =>
          recursive
            ? makeDirectories(ops, path as NativePath, mode as number, 'mkdir', form)
            : ops.mkdir(path as NativePath, mode as number, 'mkdir'),
      ),
    ],
    ['mkdtemp', ([prefix, encoding]) => makeTemporary(ops, prefix as NativePath, encoding as string | undefined)],
    [
      'copyFile',
      onPaths(
        ([source, target, mode]) => firstOpOfCopy(ops, source as NativePath, target as NativePath, mode as number, 'copyFile'),
        ([source, target, mode]) => {
          const clone = (): void => void original('copyFile')(source, target, mode);
          copyFile(ops, source as NativePath, target as NativePath, mode as number, clone);
        },
      ),
    ],

    ['existsSync', notThrowing('existsSync', 'access', (value) => value === true, false)],
    ['internalModuleStat', notThrowing('internalModuleStat', 'stat', (value) => (value as number) >= 0, -1)],
    ['readFileUtf8', ([file, flags]) => readUtf8(ops, file as NativePath | number, flags as number)],
    ['writeFileUtf8', (args) => writeUtf8(ops, ...(args as [NativePath | number, string, number, number]))],
    [
      'rmSync',
      (args) => {
        const [path, , recursive] = args as [NativePath, number, boolean];
        if (ops.context.locate(path, false) === undefined) return undefined;
        const run = (): unknown => {
          try {
            return removeTree(ops, path, recursive);
          } catch (error) {
            if (ops.context.conductor.isInjected(error)) throw asErrorOf(error, 'rm', pathText(path));
            return ops.context.conductor.unrecorded(() => original('rmSync')(...args)); // it fails the same way, with the original's message
          }
        };
        return { first: () => ops.onPath('stat', 'rmSync', path, false), run };
      },
    ],
    [
      'cpSyncCopyDir',
      (args) => {
        const [source, target, force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps] = args as [
          NativePath,
          NativePath,
          ...boolean[],
        ];
        const options = { force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps } as unknown as CopyTreeOptions;
        return fused(source, target, () => copyTree(ops, source, target, options));
      },
    ],
    [
      'cpSyncOverrideFile',
      (args) => {
        const [source, target, mode, preserve] = args as [NativePath, NativePath, number, boolean];
        return fused(source, target, () => overrideFile(ops, source, target, mode, preserve));
      },
    ],
    [
      'cpSyncCheckPaths',
      (args) => {
        const [source, target, , recursive] = args as [NativePath, NativePath, boolean, boolean];
        return fused(source, target, () => checkPaths(ops, source, target, recursive, () => original('cpSyncCheckPaths')(...args)));
      },
    ],
  ]);
  return calls;

  /** A synchronous call of many ops, if one of its paths lies inside. */
  function fused(source: NativePath, target: NativePath, run: () => unknown): Job | undefined {
    const inside = ops.context.locate(source, true) ?? ops.context.locate(target, true);
    return inside === undefined ? undefined : { first: () => undefined, run };
  }

  /** A call that returns a value where others throw. Its path is the last argument that can be one: some versions pass a receiver first. */
  function notThrowing(name: string, call: Call, succeeded: (value: unknown) => boolean, failed: unknown): Describe {
    return (args) => {
      const path = args.findLast((argument) => typeof argument === 'string' || argument instanceof Uint8Array) as NativePath | undefined;
      if (path === undefined || ops.context.locate(path, true) === undefined) return undefined;
      const planned = (): PlannedOp | undefined => ops.onPath(call, name, path, true);
      return {
        first: planned,
        run: () => {
          try {
            return ops.perform(
              planned(),
              () => original(name)(...args),
              (value) => (succeeded(value) ? {} : { error: 'ENOENT' }),
            );
          } catch (error) {
            if (ops.context.conductor.isInjected(error)) return failed;
            throw error;
          }
        },
      };
    };
  }
}

/** Restores the argument after the request of a stat: whether to throw or, for `fstat`, not to throw. */
function withThrowFlag(name: string, args: readonly unknown[]): readonly unknown[] {
  if (name === 'stat' || name === 'lstat') return [args[0], args[1], undefined, args[3] ?? true];
  return name === 'fstat' ? [args[0], args[1], undefined, args[3] ?? false] : args;
}

function firstBytes(buffers: readonly ArrayBufferView[], limit: number): readonly ArrayBufferView[] {
  let left = limit;
  return buffers.map(({ buffer, byteOffset, byteLength }) => {
    const length = Math.min(byteLength, left);
    left -= length;
    return new Uint8Array(buffer, byteOffset, length);
  });
}

/** All stats return one shared array, which the next call overwrites: the user gets a copy. */
function copied(value: unknown): unknown {
  return value instanceof Float64Array || value instanceof BigInt64Array ? value.slice() : value;
}

function unknownFunction(name: string): never {
  throw new Error(`the binding recorder expects process.binding('fs').${name}, which this Node (${process.version}) does not have`);
}
