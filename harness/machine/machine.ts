/** What a recorder or a model may ask of the machine on which it is to run. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The PATH to look for commands in. */
  readonly path: string;
}

export function thisMachine(path = ''): Machine {
  return { platform: process.platform, arch: process.arch, path };
}
