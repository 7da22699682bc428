/** Events from one who does not wait to one who reads them when it likes. */

type Waiting<T> = { readonly resolve: (result: IteratorResult<T>) => void; readonly reject: (error: unknown) => void };

/** Nothing is kept before the first reader is there, so that events which nobody reads take no memory. */
export class EventQueue<T> {
  readonly #readers = new Set<Reader<T>>();
  #end: { readonly error?: unknown } | undefined;

  readonly add = (event: T): void => {
    for (const reader of this.#readers) reader.add(event);
  };

  readonly end = (): void => this.#finish({});

  readonly fail = (error: unknown): void => this.#finish({ error });

  /** `onLeft` is called when the reader leaves before the end. */
  iterate(onLeft: () => Promise<void>): AsyncIterator<T> {
    const reader = new Reader<T>();
    this.#readers.add(reader);
    if (this.#end !== undefined) reader.finish(this.#end);
    return {
      next: () => reader.next(),
      return: async () => {
        this.#readers.delete(reader);
        if (this.#end === undefined) await onLeft();
        return { done: true, value: undefined };
      },
    };
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end = end;
    for (const reader of this.#readers) reader.finish(end);
  }
}

class Reader<T> {
  readonly #events: T[] = [];
  readonly #waiting: Waiting<T>[] = [];
  #end: { readonly error?: unknown } | undefined;

  add(event: T): void {
    const first = this.#waiting.shift();
    if (first === undefined) this.#events.push(event);
    else first.resolve({ done: false, value: event });
  }

  finish(end: { readonly error?: unknown }): void {
    this.#end = end;
    for (const waiting of this.#waiting.splice(0)) settle(waiting, end);
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const waiting = { resolve, reject };
      const [event] = this.#events;
      if (event !== undefined) {
        this.#events.shift();
        resolve({ done: false, value: event });
      } else if (this.#end !== undefined) settle(waiting, this.#end);
      else this.#waiting.push(waiting);
    });
  }
}

function settle<T>({ resolve, reject }: Waiting<T>, end: { readonly error?: unknown }): void {
  if ('error' in end) reject(end.error);
  else resolve({ done: true, value: undefined });
}
