/** The recorders, best first. A new one is one folder and one line here. */
import { binding } from './binding/binding.ts';
import { ptrace } from './ptrace/ptrace.ts';
import type { Abilities, RecorderKind } from './recorder.ts';

export const RECORDERS: readonly [RecorderKind, ...RecorderKind[]] = [ptrace, binding];

/** `needs the recorder ptrace`: what is missing where the recorder of a run lacks an ability. */
export function needsRecorder(ability: keyof Abilities): string {
  const able = RECORDERS.filter((kind) => kind[ability]).map(({ name }) => name);
  return `needs the recorder ${able.join(' or ')}`;
}
