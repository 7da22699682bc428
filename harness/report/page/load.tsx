/** What is unpacked when it is looked at. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failure } from './parts.tsx';

type State<Data> =
  | { readonly at: 'reading' }
  | { readonly at: 'read'; readonly data: Data }
  | { readonly at: 'failed'; readonly error: unknown };

interface LoadProps<Data> {
  /** Called again where `what` is another one. */
  readonly read: () => Promise<Data>;
  readonly what: unknown;
  readonly reading?: ComponentChildren;
  readonly children: (data: Data) => ComponentChildren;
}

export function Load<Data>({ read, what, reading = <p class="dim">Reading …</p>, children }: LoadProps<Data>) {
  const [state, setState] = useState<State<Data>>({ at: 'reading' });
  useEffect(() => {
    let isCurrent = true;
    read().then(
      (data) => isCurrent && setState({ at: 'read', data }),
      (error: unknown) => isCurrent && setState({ at: 'failed', error }),
    );
    return () => {
      isCurrent = false;
    };
  }, [what]);
  switch (state.at) {
    case 'reading':
      return <>{reading}</>;
    case 'failed':
      return <Failure error={state.error} />;
    case 'read':
      return <>{children(state.data)}</>;
    default:
      return state satisfies never;
  }
}
