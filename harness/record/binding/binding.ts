/** The binding recorder, as the list of recorders has it. */
import type { RecorderKind } from '../recorder.ts';
import { BINDING, createBindingRecorder } from './recorder.ts';

export const binding: RecorderKind = {
  ...BINDING,
  description: "what Node's fs does",
  missing: () => undefined,
  start: async ({ inFlight }) => createBindingRecorder({ inFlight }),
};
