/**
 * What else a power cut at the same place may have left: ticks say what landed. What the rules do not allow cannot be ticked: a piece takes
 * others with it, and one that lands brings those without which it cannot.
 */
import { useState } from 'preact/hooks';
import type { CaseEvidence, PowerCut, Run } from '../../domain/evidence.ts';
import { counted, withCommas } from '../../domain/words.ts';
import type { PageCase, PageEvidence } from './data.ts';
import { OutcomeTag } from './parts.tsx';
import { treeAfter } from './run-trees.ts';
import { Trees } from './trees.tsx';

interface LandingProps {
  readonly one: PageCase;
  readonly shown: CaseEvidence;
  readonly cut: PowerCut;
  /** The places of the pieces that the case lost. */
  readonly lostAtFirst: readonly number[];
  readonly run: Run;
  readonly evidence: PageEvidence;
}

export function Landing({ one, shown, cut, lostAtFirst, run, evidence }: LandingProps) {
  const [lost, setLost] = useState<ReadonlySet<number>>(() => new Set(lostAtFirst));
  const [said, setSaid] = useState('');
  const { rules, boundary, pieces, certain } = cut;
  const toggle = (place: number): void => {
    const next = lost.has(place) ? landing(pieces, lost, place) : losing(pieces, lost, place);
    setLost(next);
    setSaid(changeWords(cut, place, lost, next));
  };
  if (pieces.length === 0) return <p class="dim">Everything was certainly on disk: {rules} leaves no choice here.</p>;
  const state = stateOf(cut, lost);
  const isCase = pieces.every((_, place) => lost.has(place) === lostAtFirst.includes(place));
  const left = state?.tree ?? (isCase ? shown.left : undefined);
  const [before, after] = [treeAfter(run, boundary), left].map((id) => (id === undefined ? undefined : evidence.trees[id]));
  const judged = isCase ? one : state?.judged;
  return (
    <>
      <fieldset class="landing">
        <legend>
          What landed, by the rules of {rules}; {counted(certain, 'other part')} of ops {certain === 1 ? 'is' : 'are'} on disk for certain
        </legend>
        <ul class="plain">
          {pieces.map(({ text }, place) => (
            <li key={place}>
              <label>
                <input type="checkbox" checked={!lost.has(place)} onChange={() => toggle(place)} />{' '}
                {lost.has(place) ? <del>{text}</del> : text}
              </label>
            </li>
          ))}
        </ul>
        <p class="dim" role="status">
          {said}
        </p>
        {!isCase && (
          <button type="button" onClick={() => setLost(new Set(lostAtFirst))}>
            As in this case
          </button>
        )}
      </fieldset>
      {judged !== undefined && (
        <p class="judged">
          <OutcomeTag outcome={judged.outcome} /> {judged.found}
        </p>
      )}
      {judged === undefined && (
        <p class="dim">
          {left === undefined
            ? `Allowed, but not in this report: it has the first ${withCommas(cut.states.length)} combinations of this boundary.`
            : 'Allowed; what load finds there was not judged, or not kept.'}
        </p>
      )}
      {before !== undefined && after !== undefined && (
        <Trees
          columns={[
            { title: `after op ${boundary}, to the process`, tree: before },
            { title: 'on disk, with what is ticked', tree: after },
          ]}
          contents={evidence.contents}
        />
      )}
    </>
  );
}

type Pieces = PowerCut['pieces'];

/** Without this piece, and what it takes with it. */
function losing(pieces: Pieces, lost: ReadonlySet<number>, place: number): ReadonlySet<number> {
  return new Set([...lost, ...(pieces[place]?.takes ?? [])]);
}

/** With this piece: nothing stays lost that would take it. */
function landing(pieces: Pieces, lost: ReadonlySet<number>, place: number): ReadonlySet<number> {
  return new Set([...lost].filter((other) => pieces[other]?.takes.includes(place) !== true));
}

function changeWords({ pieces, rules }: PowerCut, place: number, before: ReadonlySet<number>, after: ReadonlySet<number>): string {
  const others = pieces.flatMap(({ text }, other) => (other !== place && before.has(other) !== after.has(other) ? [text] : []));
  if (others.length === 0) return '';
  const alone = after.has(place) ? 'to lose this alone; lost with it' : 'this to land alone; landed with it';
  return `Not allowed by ${rules}: ${alone}: ${others.join('; ')}.`;
}

function stateOf({ pieces, states, trees, judged }: PowerCut, lost: ReadonlySet<number>) {
  const wanted = pieces.map((_, place) => (lost.has(place) ? '0' : '1')).join('');
  const [, place] = states.find(([landed]) => landed === wanted) ?? [];
  const tree = place === undefined ? undefined : trees[place];
  return tree === undefined ? undefined : { tree, judged: judged[tree] };
}
