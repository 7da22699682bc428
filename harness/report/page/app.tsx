/** The page: what ran, its verdict, the filter, causes, the matrix, what held; and what is open of it in a panel. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { counted } from '../../domain/words.ts';
import { Causes } from './causes.tsx';
import type { PageHead } from './data.ts';
import { FILTER_KEYS, type Filter, isEmpty, matchesCause, matchesCell, parseFilter } from './filter.ts';
import type { Link } from './link.ts';
import { Matrix } from './matrix.tsx';
import { Panel } from './panel.tsx';
import { type Report, reportOf } from './report.ts';
import { useLink } from './use-link.ts';

export function App({ head }: { readonly head: PageHead }) {
  const report = useMemo(() => reportOf(head), [head]);
  const [link, setLink] = useLink();
  const filter = useMemo(() => parseFilter(link.filter), [link.filter]);
  const { cells, causes } = useMemo(() => filtered(report, filter), [report, filter]);
  const close = (): void => setLink({ filter: link.filter });
  useEffect(() => {
    document.title = `${head.verdict.words} – ${head.run[0]}`;
  }, [head]);
  return (
    <>
      <header class="page-header">
        <h1>{head.run[0]}</h1>
        <p class={`verdict ${head.verdict.tone}`}>{head.verdict.words}</p>
        <Words words={head.run.slice(1)} />
        <Words words={head.summary} />
      </header>
      <FilterBox link={link} setLink={setLink} filter={filter} shown={cells.length} all={head.cells.length} />
      <main>
        <Causes causes={causes} all={head.causes.length} link={link} isFiltered={!isEmpty(filter)} />
        <Matrix cells={cells} link={link} isFiltered={!isEmpty(filter)} />
      </main>
      {link.open !== undefined && <Panel report={report} link={link} open={link.open} filter={filter} onClose={close} />}
    </>
  );
}

function Words({ words }: { readonly words: readonly string[] }) {
  return (
    <ul class="words">
      {words.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

interface FilterBoxProps {
  readonly link: Link;
  readonly setLink: (link: Link) => void;
  readonly filter: Filter;
  readonly shown: number;
  readonly all: number;
}

function FilterBox({ link, setLink, filter, shown, all }: FilterBoxProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target === input.current) return;
      event.preventDefault();
      // A panel would keep the focus; what is typed next must not wait for it to go.
      document.querySelector('dialog')?.close();
      input.current?.focus();
      setLink({ filter: link.filter });
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [link.filter, setLink]);
  return (
    <search class="filter">
      <label for="filter">Filter</label>
      <input
        id="filter"
        ref={input}
        type="search"
        value={link.filter}
        placeholder="words, or outcome:empty status:broken"
        aria-describedby="filter-help"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setLink({ filter: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && setLink({ filter: '' })}
      />
      <span role="status">{isEmpty(filter) ? counted(all, 'cell') : `${shown} of ${counted(all, 'cell')}`}</span>
      <JumpTo id="causes">Causes</JumpTo>
      <JumpTo id="matrix">Matrix</JumpTo>
      <small id="filter-help">
        <kbd>/</kbd> Keys: {FILTER_KEYS.map((key) => `${key}:`).join(' ')}
      </small>
    </search>
  );
}

/** A link would take the place of what is open in the address. */
function JumpTo({ id, children }: { readonly id: string; readonly children: string }) {
  return (
    <button type="button" class="jump" onClick={() => document.getElementById(id)?.scrollIntoView()}>
      {children}
    </button>
  );
}

function filtered({ head, cells, causesIn }: Report, filter: Filter): Pick<PageHead, 'cells' | 'causes'> {
  if (isEmpty(filter)) return head;
  return {
    cells: head.cells.filter((cell) => matchesCell(filter, cell, causesIn.get(cell.id) ?? [])),
    causes: head.causes.filter((cause) => {
      const some = cause.cells.flatMap((id) => cells.get(id) ?? []);
      return matchesCause(filter, cause, some);
    }),
  };
}
