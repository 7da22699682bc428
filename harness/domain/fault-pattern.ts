/**
 * Failing calls as the command line names them: `call[:path][=ERRNO]`.
 *
 *     rename                 each rename
 *     rename:*.tmp           each of a file whose name ends so; of a rename and a link, either name
 *     write=ENOSPC           writes, with this errno alone
 *
 * In a path, `*` stands for any characters, also for `/`, and `?` for one. A name that differs from run to run is `<uuid>` and the like.
 */
import { CALLS, type Call, type ErrnosWhen } from './calls.ts';
import { UsageError } from './errors.ts';
import { didYouMean } from './nearest.ts';

export interface FaultPattern {
  readonly text: string;
  readonly call: Call;
  /** Whether a path is meant. */
  readonly hasPath: (path: string) => boolean;
  /** Absent: the errnos that the effort says. */
  readonly errno?: string;
}

const PATTERN = /^(?<call>[^:=]*)(?::(?<path>.+?))?(?:=(?<errno>[^=]*))?$/;
/** Calls that never fail: an unlock on a local file system, a store to memory. */
const FAILING = (Object.keys(CALLS) as Call[]).filter((call) => errnosOf(call).length > 0);

/** Throws UsageError for a call that is unknown or never fails, and for an errno that the call does not fail with. */
export function parseFaultPattern(text: string): FaultPattern {
  const { call: name = '', path, errno } = PATTERN.exec(text)?.groups ?? {};
  const call = FAILING.find((one) => one === name);
  if (call === undefined) throw new UsageError(`--fault ${text}: ${didYouMean('call', name, FAILING)}`, HOW);
  if (errno !== undefined && !errnosOf(call).includes(errno))
    throw new UsageError(`--fault ${text}: ${didYouMean(`errno of ${call}`, errno, errnosOf(call))}`, HOW);
  const whole = path === undefined ? undefined : new RegExp(`^${[...path].map(asRegex).join('')}$`, 's');
  return { text, call, hasPath: (one) => whole?.test(one) ?? true, ...(errno !== undefined && { errno }) };
}

const HOW = "It is call[:path][=ERRNO], as in --fault rename, --fault 'rename:*.tmp' or --fault write=ENOSPC.";

function errnosOf(call: Call): readonly string[] {
  const listed: readonly (string | ErrnosWhen)[] = CALLS[call].errnos;
  return listed.flatMap((one) => (typeof one === 'string' ? one : one.errnos));
}

function asRegex(character: string): string {
  if (character === '*') return '.*';
  return character === '?' ? '.' : character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
}
