/**
 * Writes and parses the part of a fault's id that follows the model:
 *
 *     @2~EMFILE               op 2 fails
 *     @2~EMFILE~times=4       op 2 fails, and so do the next three calls like it in the same step
 *     @7~short=100            op 7, a read, a write or a copy, transfers only 100 bytes
 *     @9~EIO~lost=7           op 9, a close or an fsync, fails, and what was written to its file from op 7 on is taken back
 *     @7~ENOSPC+              the disk is full from op 7 on
 *     @7~ENOSPC+100           and has room for the first 100 bytes of op 7
 *     @7~ENOSPC+~freed        the disk is full from op 7 on, until the step settles
 *     @7~EROFS+               the file system is read-only from op 7 on
 *     @12~EPERM+              on Windows: another process has the target open, from op 12 on; without the `+`, at op 12 only
 *     @2~EMFILE~then=5~EIO    two faults; the second op is counted in the run with the first
 *     @9~EIO~dropped=xfs.14.lost=7   an fsync that failed and dropped its dirty pages; then power loss after op 14
 *     @8~EXDEV~kill=12        op 8 fails, and the process is killed after op 12 of the run with the fault
 *     @8~EXDEV~cut=xfs.14.lost=7     op 8 fails; then power loss after op 14
 *     @9~lie=xfs.14.lost=7    an fsync that did nothing and returned success; then power loss after op 14
 */
import { constants } from 'node:os';
import { PROFILE_NAMES, type ProfileName } from '../../persistence/profile.ts';
import { parseDetail as parseStateDetail } from '../../persistence/state-id.ts';
import { type Fault, READ_ONLY_ERRNO } from '../../record/fault.ts';

/** A fault at an op. */
export type OpFault = Exclude<Fault, { kind: 'no-directory-sync' }>;

/** A power cut in a run with a fault: the profile, the boundary, and what was lost, as in the id of a case of power loss. */
export interface CutAfterFault {
  readonly profile: ProfileName;
  readonly boundary: number;
  readonly detail: string;
}

/** A crash in a run with a fault. */
export type CrashAfterFault = { readonly how: 'kill'; readonly boundary: number } | { readonly how: 'cut'; readonly cut: CutAfterFault };

/** A case of the model: one fault, or two in one run. A fault may be followed by a crash; what an fsync forces may be less than it says. */
export type FaultCase =
  | { readonly kind: 'faults'; readonly faults: readonly [OpFault] | readonly [OpFault, OpFault] }
  | { readonly kind: 'then-crash'; readonly fault: OpFault; readonly crash: CrashAfterFault }
  | { readonly kind: 'dropped'; readonly op: number; readonly cut?: CutAfterFault }
  | { readonly kind: 'lie'; readonly op: number; readonly cut?: CutAfterFault };

/** The errno of an fsync that drops its dirty pages. */
export const DROPPING_ERRNO = 'EIO';

export function faultId(one: FaultCase): string {
  switch (one.kind) {
    case 'faults':
      return `@${one.faults.map((fault) => `${fault.op}~${detailOf(fault)}`).join('~then=')}`;
    case 'then-crash': {
      const { fault, crash } = one;
      return `@${fault.op}~${detailOf(fault)}~${crash.how === 'kill' ? `kill=${crash.boundary}` : `cut${cutId(crash.cut)}`}`;
    }
    case 'dropped':
      return `@${one.op}~${DROPPING_ERRNO}~dropped${cutId(one.cut)}`;
    case 'lie':
      return `@${one.op}~lie${cutId(one.cut)}`;
    default:
      return one satisfies never;
  }
}

function detailOf(fault: OpFault): string {
  switch (fault.kind) {
    case 'errno':
      return fault.times === undefined ? fault.errno : `${fault.errno}~times=${fault.times}`;
    case 'short':
      return `short=${fault.bytes}`;
    case 'lost':
      return `${fault.errno}~lost=${fault.since}`;
    case 'full':
      return `ENOSPC+${fault.room ?? ''}${fault.until === undefined ? '' : '~freed'}`;
    case 'read-only':
      return `${READ_ONLY_ERRNO}+`;
    case 'in-use':
      return fault.lasts ? 'EPERM+' : 'EPERM';
    default:
      return fault satisfies never;
  }
}

function cutId(cut: CutAfterFault | undefined): string {
  if (cut === undefined) return '';
  return `=${cut.profile}.${cut.boundary}${cut.detail === '' ? '' : `.${cut.detail}`}`;
}

const CUT = /^(?:EIO~(?<dropped>dropped)|(?<lie>lie))(?:=(?<cut>.+))?$/;
const CUT_AFTER = /^(?<profile>[a-z0-9-]+)\.(?<boundary>0|[1-9]\d*)(?:\.(?<detail>.+))?$/;
const CRASH = /^(?<fault>.+?)~(?:kill=(?<killed>0|[1-9]\d*)|cut=(?<cut>.+))$/;
const SECOND = /^(?<first>.+?)~then=(?<op>0|[1-9]\d*)~(?<second>.+)$/;

/** `op` and `detail` are the parts before and after the first `~` of an id. Returns undefined if they name no fault. */
export function parseFault(op: number, detail: string, profile?: 'windows'): FaultCase | undefined {
  const cut = CUT.exec(detail)?.groups;
  if (cut !== undefined) {
    const kind = cut.lie === undefined ? 'dropped' : 'lie';
    if (cut.cut === undefined) return { kind, op };
    const parsed = parseCut(cut.cut);
    return parsed && { kind, op, cut: parsed };
  }
  const crashed = CRASH.exec(detail)?.groups;
  if (crashed !== undefined) {
    const fault = parseDetail(op, crashed.fault ?? '', profile);
    const power = crashed.cut === undefined ? undefined : parseCut(crashed.cut);
    if (fault === undefined || (crashed.cut !== undefined && power === undefined)) return undefined;
    const crash =
      power === undefined ? ({ how: 'kill', boundary: Number(crashed.killed) } as const) : ({ how: 'cut', cut: power } as const);
    return { kind: 'then-crash', fault, crash };
  }
  const then = SECOND.exec(detail)?.groups;
  const first = parseDetail(op, then?.first ?? detail, profile);
  if (then === undefined) return first && { kind: 'faults', faults: [first] };
  const second = parseDetail(Number(then.op), then.second ?? '', profile);
  return first && second && { kind: 'faults', faults: [first, second] };
}

function parseCut(text: string): CutAfterFault | undefined {
  const { profile, boundary, detail = '' } = CUT_AFTER.exec(text)?.groups ?? {};
  const name = PROFILE_NAMES.find((known) => known === profile);
  if (name === undefined || parseStateDetail(detail) === undefined) return undefined;
  return { profile: name, boundary: Number(boundary), detail };
}

const isErrno = (name: string): boolean => Object.hasOwn(constants.errno, name);

function parseDetail(op: number, detail: string, profile: 'windows' | undefined): OpFault | undefined {
  if (profile === 'windows') {
    if (detail === 'EPERM' || detail === 'EPERM+') return { kind: 'in-use', op, lasts: detail === 'EPERM+' };
    return undefined;
  }
  const [, bytes] = /^short=(0|[1-9]\d*)$/.exec(detail) ?? [];
  if (bytes !== undefined) return { kind: 'short', op, bytes: Number(bytes) };
  const [, errno = '', since] = /^([A-Z0-9]+)~lost=(0|[1-9]\d*)$/.exec(detail) ?? [];
  if (since !== undefined) return isErrno(errno) && Number(since) < op ? { kind: 'lost', op, since: Number(since), errno } : undefined;
  const [full, room, freed] = /^ENOSPC\+(0|[1-9]\d*|)(~freed)?$/.exec(detail) ?? [];
  if (full !== undefined)
    return { kind: 'full', op, ...(room !== '' && { room: Number(room) }), ...(freed !== undefined && { until: 'settled' }) };
  if (detail === `${READ_ONLY_ERRNO}+`) return { kind: 'read-only', op };
  const [, again = '', times] = /^([A-Z0-9]+)~times=([2-9]|[1-9]\d+)$/.exec(detail) ?? [];
  if (times !== undefined) return isErrno(again) ? { kind: 'errno', op, errno: again, times: Number(times) } : undefined;
  return isErrno(detail) ? { kind: 'errno', op, errno: detail } : undefined;
}
