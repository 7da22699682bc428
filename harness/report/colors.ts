import picocolors from 'picocolors';

/** picocolors, with its colours on or off. */
export type Colors = ReturnType<typeof picocolors.createColors>;

export function toColors(colors: boolean | Colors): Colors {
  return typeof colors === 'boolean' ? picocolors.createColors(colors) : colors;
}

export const NO_COLORS: Colors = picocolors.createColors(false);
