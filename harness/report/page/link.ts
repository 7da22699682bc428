/** What is open, as the fragment of the page's address: `#cell=notes/replace/process-kill&filter=outcome:empty`. */

export type Opened = { readonly kind: 'cell' | 'case' | 'cause'; readonly id: string };

export interface Link {
  readonly filter: string;
  readonly open?: Opened;
}

const KINDS: readonly Opened['kind'][] = ['cell', 'case', 'cause'];

export function parseLink(fragment: string): Link {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  const filter = parts.get('filter') ?? '';
  for (const kind of KINDS) {
    const id = parts.get(kind);
    if (id !== null) return { filter, open: { kind, id } };
  }
  return { filter };
}

export function linkText({ filter, open }: Link): string {
  const parts = [
    ...(open === undefined ? [] : [`${open.kind}=${encoded(open.id)}`]),
    ...(filter === '' ? [] : [`filter=${encoded(filter)}`]),
  ];
  return `#${parts.join('&')}`;
}

/** Readable: slashes and colons are allowed in a fragment. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@').replaceAll('%3D', '=');
}
