/** Programs for seccomp filters, in classic BPF; see linux/filter.h and linux/seccomp.h. */

export const LOAD = 0x20;
export const JUMP_IF_EQUAL = 0x15;
export const RETURN = 0x06;
/** What `RETURN` answers; `ANSWER_0` skips the syscall, which then returns 0. */
export const ALLOW = 0x7fff0000;
export const TRACE = 0x7ff00000;
export const ANSWER_0 = 0x00050000;
/** What `LOAD` loads: offsets in struct seccomp_data. Of an argument, its lower half. */
export const NUMBER = 0;
export const ARCHITECTURE = 4;
export const argument = (index: number): number => 16 + 8 * index;

/** [code, jump if true, jump if false, operand] */
export type Instruction = readonly [number, number, number, number];

/** An array of struct sock_filter. */
export function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  }
  return bytes;
}

/** struct sock_fprog: how many instructions an assembled program has, and where it is. */
export function headerOf(program: Buffer, address: bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(program.length / 8, 0);
  bytes.writeBigUInt64LE(address, 8);
  return bytes;
}
