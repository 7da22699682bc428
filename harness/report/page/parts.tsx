/** Small parts that several views share. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { OUTCOMES, type Outcome } from '../../domain/outcomes.ts';
import type { CellResult, OpLine, SiteLine } from '../../domain/result.ts';
import { printable } from '../../domain/words.ts';
import { type Link, linkText, type Opened } from './link.ts';

/** A letter in its colour; the name beside it, or for those who hover. */
export function OutcomeTag({ outcome, named = true }: { readonly outcome: Outcome; readonly named?: boolean }) {
  const { letter, colour, meaning } = OUTCOMES[outcome];
  return (
    <span class={`outcome tone-${colour}`} title={`${outcome}: ${meaning}`}>
      <b>{letter}</b>
      {named && ` ${outcome}`}
    </span>
  );
}

const STATUS_WORDS: { readonly [status in CellResult['status']]: string } = {
  kept: 'claim kept',
  unbroken: 'no loss found, which proves no claim by this effort',
  broken: 'claim broken',
  shown: 'below the claim, which is only shown here',
  'known-bug': 'a known bug, found as expected',
  'missed-bug': 'a known bug was not found',
};

export const statusWords = ({ status, grade }: Pick<CellResult, 'status' | 'grade'>): string =>
  status === 'broken' && grade === 'inconclusive' ? 'claim not shown' : STATUS_WORDS[status];

export function Site({ site }: { readonly site: SiteLine | undefined }) {
  if (site === undefined) return null;
  return (
    <span class="site">
      {site.file}:{site.line}
      {site.in !== undefined && <span class="dim"> in {site.in}</span>}
    </span>
  );
}

export function SourceLine({ site }: { readonly site: SiteLine | undefined }) {
  if (site?.source === undefined) return null;
  return (
    <pre class="source">
      <span class="dim">{site.line} </span>
      <code>{site.source.trim()}</code>
    </pre>
  );
}

export function Op({ op: { text, site } }: { readonly op: OpLine }) {
  return (
    <>
      <code>{text}</code> <Site site={site} />
    </>
  );
}

/** A command with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  const code = useRef<HTMLElement>(null);
  const [state, setState] = useState<'ready' | 'copied' | 'selected'>('ready');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      // Not every place that shows the page lets it copy.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
      setState('selected');
    }
  };
  return (
    <div class="command">
      <code ref={code}>{printable(text)}</code>
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <span class="dim" role="status">
        {state === 'copied' && 'copied'}
        {state === 'selected' && 'selected: copy it with the keyboard'}
      </span>
    </div>
  );
}

/** A link to what opens in the panel; the filter stays. */
export function Open({ link, children, ...open }: Opened & { readonly link: Link; readonly children: ComponentChildren }) {
  return <a href={linkText({ ...link, open })}>{children}</a>;
}

export function Failure({ error }: { readonly error: unknown }) {
  return (
    <p class="failure" role="alert">
      This report cannot be shown: {error instanceof Error ? error.message : String(error)}
    </p>
  );
}

/** One row of a list of facts. */
export function Fact({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
