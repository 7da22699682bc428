/** How a process ends without being killed: one table. */

interface QuitRow {
  /** The end in words. */
  readonly words: string;
  /** The signal that asks for it, where a program is asked by one. */
  readonly signal?: 'SIGTERM' | 'SIGINT';
  /** Another end, which it goes like where the store does not handle it itself. */
  readonly otherwise?: 'exit' | 'error';
  /** Who handles it may let the process live on. */
  readonly mayBeSurvived?: true;
}

export const QUITS = {
  SIGTERM: { words: 'SIGTERM', signal: 'SIGTERM' },
  SIGINT: { words: 'SIGINT', signal: 'SIGINT' },
  exit: { words: 'a call of exit' },
  error: { words: 'an uncaught error', otherwise: 'exit', mayBeSurvived: true },
  rejection: { words: 'an unhandled rejection', otherwise: 'error', mayBeSurvived: true },
  end: { words: 'the end of the event loop' },
} as const satisfies { readonly [name: string]: QuitRow };

export type Quit = keyof typeof QUITS;

/** In the order in which they are tried. */
export const QUIT_NAMES = Object.keys(QUITS) as readonly Quit[]; // a literal has no other keys

export const rowOf = (quit: Quit): QuitRow => QUITS[quit];

/** What a tracer sends to a process that is to end in a way that no signal asks for; the workload listens to it. */
export const TRIGGER = 'SIGUSR2';

export const signalFor = (quit: Quit): 'SIGTERM' | 'SIGINT' | typeof TRIGGER => rowOf(quit).signal ?? TRIGGER;
