/** The title of what is open: it is given the focus, so that it is read out. */
import type { ComponentChildren } from 'preact';
import type { Opened } from './link.ts';

export function PanelTitle({ children }: { readonly children: ComponentChildren }) {
  return (
    <h2 id="panel-title" tabIndex={-1}>
      {children}
    </h2>
  );
}

/** An address may name what another run had. */
export function Missing({ kind, id }: Opened) {
  return (
    <>
      <PanelTitle>Not in this report</PanelTitle>
      <p>
        There is no {kind} <code>{id}</code>.
      </p>
    </>
  );
}
