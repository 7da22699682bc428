/** What an op is before it happens, and what carrying it out adds. */
import type { Call, OpenFlag, Range } from '../../domain/trace.ts';
import type { FileIdentity } from './files.ts';

/** One op, as it is known before it happens. */
export interface PlannedOp {
  readonly call: Call;
  readonly via: string;
  readonly path: string;
  readonly file: FileIdentity;
  readonly to?: { readonly path: string; readonly file: FileIdentity };
  readonly flags?: readonly OpenFlag[];
  readonly mode?: number;
}

/** What only carrying the op out shows. */
export interface OpResult {
  readonly file?: FileIdentity;
  readonly to?: FileIdentity;
  readonly range?: Range;
  /** The errno of a failure that the call reports by its result instead of throwing. */
  readonly error?: string;
}
