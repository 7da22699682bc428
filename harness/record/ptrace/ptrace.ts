/** The ptrace recorder, as the list of recorders has it. */
import type { RecorderKind } from '../recorder.ts';
import { PTRACE, startPtraceRecorder } from './recorder.ts';
import { syscallTable } from './syscalls.ts';

export const ptrace: RecorderKind = {
  ...PTRACE,
  description: 'real syscalls of every process and thread of a store',
  missing: ({ platform, arch }) => {
    if (platform !== 'linux') return `ptrace recording is for Linux, and this is ${platform}`;
    return syscallTable(arch) === undefined ? `no syscall table for ${arch}` : undefined;
  },
  start: ({ installation: { tracer }, ...options }) => startPtraceRecorder({ ...options, tracer }),
};
