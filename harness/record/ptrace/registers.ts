/**
 * Registers of a traced thread, and changes to a syscall at its entry or exit. Registers differ per architecture: x86-64 is
 * tested; arm64 follows the kernel's documentation and is untested.
 */
import { type Libc, PTRACE } from './libc.ts';

/** Byte offsets in `struct user_regs_struct` of x86-64. Syscall arguments are in rdi, rsi, rdx, r10, r8, r9. */
export const X64 = { rax: 80, originalRax: 120, rip: 128, rsp: 152, arguments: [112, 104, 96, 56, 72, 64], bytes: 27 * 8 } as const;
const ARM64_BYTES = 34 * 8; // x0-x30, sp, pc, pstate
const NT_PRSTATUS = 1;
/** The register set of arm64 that holds only the number of the syscall (linux/elf.h). */
const NT_ARM_SYSTEM_CALL = 0x404;
const NO_SYSCALL = -1;

export function readRegisters(libc: Libc, tid: number): Buffer {
  const registers = Buffer.alloc(process.arch === 'x64' ? X64.bytes : ARM64_BYTES);
  withRegisterSet(libc, PTRACE.getRegisterSet, tid, NT_PRSTATUS, registers);
  return registers;
}

export function writeRegisters(libc: Libc, tid: number, registers: Buffer): void {
  withRegisterSet(libc, PTRACE.setRegisterSet, tid, NT_PRSTATUS, registers);
}

/** Changes an argument of the syscall at whose entry the thread is stopped. */
export function setArgument(libc: Libc, tid: number, index: number, value: bigint): void {
  const registers = readRegisters(libc, tid);
  registers.writeBigUInt64LE(value, process.arch === 'x64' ? (X64.arguments[index] ?? 0) : index * 8);
  writeRegisters(libc, tid, registers);
}

/** Skips the syscall at whose entry the thread is stopped. Set its result at its exit. */
export function skipSyscall(libc: Libc, tid: number): void {
  if (process.arch === 'x64') {
    const registers = readRegisters(libc, tid);
    registers.writeBigInt64LE(BigInt(NO_SYSCALL), X64.originalRax);
    writeRegisters(libc, tid, registers);
    return;
  }
  const number = Buffer.alloc(4);
  number.writeInt32LE(NO_SYSCALL, 0);
  withRegisterSet(libc, PTRACE.setRegisterSet, tid, NT_ARM_SYSTEM_CALL, number);
}

/** Sets the result of the syscall at whose exit the thread is stopped. */
export function setResult(libc: Libc, tid: number, result: number): void {
  const registers = readRegisters(libc, tid);
  registers.writeBigInt64LE(BigInt(result), process.arch === 'x64' ? X64.rax : 0);
  writeRegisters(libc, tid, registers);
}

function withRegisterSet(libc: Libc, request: number, tid: number, set: number, registers: Buffer): void {
  const iovec = Buffer.alloc(16);
  iovec.writeBigUInt64LE(libc.addressOf(registers), 0);
  iovec.writeBigUInt64LE(BigInt(registers.length), 8);
  if (libc.ptraceBuffer(request, tid, set, iovec) < 0) throw new Error(`the registers of thread ${tid} cannot be read or written`);
}
