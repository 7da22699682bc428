/**
 * Makes a traced process stop only at syscalls that can be ops, not at the hundreds in which its threads wait for each other. It
 * makes the stopped process call seccomp(2) to install a filter.
 *
 * x86-64 only, and only where the kernel permits it; elsewhere every syscall stops, which is slower but otherwise the same.
 * The filter lets every syscall through: it changes no result, and it ends with the process.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ALLOW, ARCHITECTURE, argument, assemble, headerOf, type Instruction, JUMP_IF_EQUAL, LOAD, NUMBER, RETURN, TRACE } from './bpf.ts';
import { type Libc, PTRACE } from './libc.ts';
import type { PauseCall } from './pauses.ts';
import { readRegisters, writeRegisters, X64 } from './registers.ts';
import { IO_URING_SETUP, isOnMapping, MASKED_ARGUMENTS, type Syscall } from './syscalls.ts';

const AUDIT_ARCH_X86_64 = 0xc000003e;
const SECCOMP = 317n;
const PRCTL = 157n;
const SET_MODE_FILTER = 1n;
const TSYNC = 1n; // all threads of the process
const PR_SET_NO_NEW_PRIVS = 38n;
const EACCES = -13n;
const SYSCALL_INSTRUCTION = 0x050f; // 0f 05, little-endian
/** Where the program is written: below the stack, beyond the 128-byte red zone. */
const BELOW_STACK = 16384n;

/** Whether filters are written for this architecture. The kernel may still refuse them. */
export function canFilter(): boolean {
  return process.arch === 'x64';
}

/**
 * Returns true if the process now stops (PTRACE_EVENT_SECCOMP) only at the table's syscalls and before waits in `pauses`, except that calls
 * about mappings do not stop. Thread `tid` must be stopped at a signal.
 */
export function installFilter(libc: Libc, tid: number, table: ReadonlyMap<number, Syscall>, pauses: readonly PauseCall[] = []): boolean {
  const calls = [...table].filter(([, call]) => !isOnMapping(call));
  return install(libc, tid, filterFor([...calls, [IO_URING_SETUP, { name: 'io_uring_setup' }]], pauses));
}

/** Adds a filter by which a process stops at calls about mappings too. Thread `tid` must be stopped at a signal, or at the exit of a syscall. */
export function installMappingFilter(libc: Libc, tid: number, table: ReadonlyMap<number, Syscall>): boolean {
  const calls = [...table].filter(([, call]) => isOnMapping(call));
  return install(libc, tid, filterFor(calls, []));
}

function install(libc: Libc, tid: number, instructions: readonly Instruction[]): boolean {
  if (!canFilter()) return false;
  const saved = readRegisters(libc, tid);
  const instruction = saved.readBigUInt64LE(X64.rip) - 2n;
  if (libc.readMemory(tid, instruction, 2).readUInt16LE(0) !== SYSCALL_INSTRUCTION) return false;
  const program = assemble(instructions);
  const address = (saved.readBigUInt64LE(X64.rsp) - BELOW_STACK) & ~15n;
  writeMemory(tid, address, Buffer.concat([headerOf(program, address + 16n), program]));
  const carryOut = (number: bigint, args: readonly bigint[]): bigint => syscallInPlace(libc, tid, saved, instruction, number, args);
  const set = (): bigint => carryOut(SECCOMP, [SET_MODE_FILTER, TSYNC, address]);
  let result = set();
  if (result === EACCES) {
    carryOut(PRCTL, [PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n]); // prctl checks all five
    result = set();
  }
  writeRegisters(libc, tid, saved);
  return result === 0n;
}

/** Makes the stopped thread carry out one syscall, with the syscall instruction that it has just passed. */
function syscallInPlace(libc: Libc, tid: number, saved: Buffer, instruction: bigint, number: bigint, args: readonly bigint[]): bigint {
  const registers = Buffer.from(saved);
  registers.writeBigUInt64LE(instruction, X64.rip);
  registers.writeBigUInt64LE(number, X64.rax);
  registers.writeBigInt64LE(-1n, X64.originalRax);
  for (const [index, value] of args.entries()) registers.writeBigUInt64LE(value, X64.arguments[index] ?? 0);
  writeRegisters(libc, tid, registers);
  for (const _stop of ['entry', 'exit']) {
    libc.ptrace(PTRACE.syscall, tid, 0, 0);
    libc.waitFor(tid);
  }
  return readRegisters(libc, tid).readBigInt64LE(X64.rax);
}

function filterFor(calls: readonly (readonly [number, { readonly name: string }])[], pauses: readonly PauseCall[]): Instruction[] {
  const allow: Instruction = [RETURN, 0, 0, ALLOW];
  const trace: Instruction = [RETURN, 0, 0, TRACE];
  const program: Instruction[] = [[LOAD, 0, 0, ARCHITECTURE], [JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64], allow, [LOAD, 0, 0, NUMBER]];
  for (const [number, { name }] of calls) {
    const mask = MASKED_ARGUMENTS[name];
    if (mask === undefined) {
      program.push([JUMP_IF_EQUAL, 0, 1, number], trace);
      continue;
    }
    const { index, values, unless } = mask;
    const body: Instruction[] = [
      [LOAD, 0, 0, argument(index)],
      ...values.flatMap((value): Instruction[] => [[JUMP_IF_EQUAL, 0, 1, value], unless ? allow : trace]),
      unless ? trace : allow,
    ];
    program.push([JUMP_IF_EQUAL, 0, body.length, number], ...body);
  }
  for (const { number, passes = [], traces } of pauses) {
    const decide = (checks: PauseCall['passes'] = [], verdict: Instruction): Instruction[] =>
      checks.flatMap(({ index, values }): Instruction[] => [
        [LOAD, 0, 0, argument(index)],
        ...values.flatMap((value): Instruction[] => [[JUMP_IF_EQUAL, 0, 1, value], verdict]),
      ]);
    const body = [...decide(passes, allow), ...decide(traces, trace), traces === undefined ? trace : allow];
    program.push([JUMP_IF_EQUAL, 0, body.length, number], ...body);
  }
  return [...program, allow];
}

function writeMemory(tid: number, address: bigint, bytes: Uint8Array): void {
  const memory = openSync(`/proc/${tid}/mem`, 'r+');
  try {
    writeSync(memory, bytes, 0, bytes.length, Number(address));
  } finally {
    closeSync(memory);
  }
}
