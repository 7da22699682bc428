/** What is open, kept in the address: a copied address opens the same, and the browser's way back closes what was opened. */
import { useEffect, useState } from 'preact/hooks';
import { type Link, linkText, parseLink } from './link.ts';

/** `setLink` writes over the address, as for each letter that is typed; links leave a way back. */
export function useLink(): readonly [link: Link, setLink: (link: Link) => void] {
  const [link, show] = useState(() => parseLink(location.hash));
  useEffect(() => {
    const follow = (): void => show(parseLink(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const setLink = (next: Link): void => {
    history.replaceState(null, '', linkText(next));
    show(next);
  };
  return [link, setLink];
}
