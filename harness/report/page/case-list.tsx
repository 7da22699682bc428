/** Cases as links, some at a time: a cell may have a hundred thousand. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { crashLabel } from '../crash-words.ts';
import type { PageCase, PageCell, Part } from './data.ts';
import type { Link } from './link.ts';
import { Failure, Open, OutcomeTag } from './parts.tsx';
import { casesOf } from './unpack.ts';

const AT_A_TIME = 50;

export interface Source {
  readonly cell: PageCell;
  readonly parts: readonly Part[];
  readonly isWanted: (one: PageCase) => boolean;
}

interface Listed {
  readonly one: PageCase;
  readonly cell: PageCell;
}

type State =
  | { readonly at: 'reading' }
  | { readonly at: 'more' }
  | { readonly at: 'end' }
  | { readonly at: 'failed'; readonly error: unknown };

export function CaseList({ sources, link }: { readonly sources: readonly Source[]; readonly link: Link }) {
  const [listed, setListed] = useState<readonly Listed[]>([]);
  const [state, setState] = useState<State>({ at: 'reading' });
  const reader = useRef<AsyncGenerator<Listed>>(undefined);

  const readOn = async (from: AsyncGenerator<Listed>): Promise<void> => {
    setState({ at: 'reading' });
    const isCurrent = (): boolean => reader.current === from;
    try {
      const next = await take(from, AT_A_TIME);
      if (!isCurrent()) return;
      setListed((before) => [...before, ...next]);
      setState({ at: next.length < AT_A_TIME ? 'end' : 'more' });
    } catch (error) {
      if (isCurrent()) setState({ at: 'failed', error });
    }
  };
  useEffect(() => {
    const from = wanted(sources);
    reader.current = from;
    setListed([]);
    void readOn(from);
    return () => {
      reader.current = undefined;
    };
  }, [sources]);

  return (
    <>
      <ul class="cases">
        {listed.map(({ one, cell }) => (
          <li key={one.id}>
            <OutcomeTag outcome={one.outcome} />
            <span>
              <Open kind="case" id={one.id} link={link}>
                {momentWords(one, cell)}
              </Open>
              <br />
              <small>{one.id}</small>
            </span>
          </li>
        ))}
      </ul>
      {state.at === 'failed' && <Failure error={state.error} />}
      {state.at === 'reading' && <p class="dim">Reading …</p>}
      {state.at === 'end' && listed.length === 0 && <p class="dim">No case matches.</p>}
      {state.at === 'more' && (
        <button type="button" onClick={() => reader.current && void readOn(reader.current)}>
          Show more
        </button>
      )}
    </>
  );
}

async function* wanted(sources: readonly Source[]): AsyncGenerator<Listed> {
  for (const { cell, parts, isWanted } of sources) for await (const one of casesOf(parts)) if (isWanted(one)) yield { one, cell };
}

async function take<T>(from: AsyncGenerator<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < most) {
    const { value, done } = await from.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** What happened, in one line. */
function momentWords(one: PageCase, { crashed }: PageCell): string {
  const { schedule, fault, start, after, end, lost, history } = one;
  const steps = history === undefined ? [] : [history.join(', ')];
  if (schedule !== undefined) return [...steps, schedule.map(({ task, ops }) => `${task}: ${ops.join(', ')}`).join(' · ')].join(': ');
  if (fault !== undefined) return [...steps, fault].join(': ');
  if (start !== undefined) return [...steps, start].join(': ');
  const without = lost.length === 0 ? '' : `, without ${lost.length === 1 ? lost[0] : `${lost.length} ops`}`;
  return [...steps, `${crashLabel(one, crashed)}${end || after === undefined ? '' : ` ${after.text}`}${without}`].join(': ');
}
