/** A cell: its grade, what was tried, its picture, its notes and its cases. */
import { useMemo, useState } from 'preact/hooks';
import { OUTCOME_NAMES } from '../../domain/outcomes.ts';
import { counted, withCommas } from '../../domain/words.ts';
import { CaseList, type Source } from './case-list.tsx';
import type { PageCell, Part } from './data.ts';
import { type Filter, matchesCase } from './filter.ts';
import type { Link } from './link.ts';
import { PanelTitle } from './panel-title.tsx';
import { Fact, Op, Open, OutcomeTag, statusWords } from './parts.tsx';
import { Picture } from './picture.tsx';
import type { Report } from './report.ts';
import { triedWords } from './tried-words.ts';

interface CellViewProps {
  readonly cell: PageCell;
  readonly report: Report;
  readonly link: Link;
  readonly filter: Filter;
}

export function CellView({ cell, report, link, filter }: CellViewProps) {
  const { store, scenario, variant, words, claim, reason, outcomes, notes, tried, bad, held, violations } = cell;
  const sourcesOf = (parts: readonly Part[]): Source[] => [
    { cell, parts, isWanted: (one) => matchesCase(filter, one, cell, report.head.causes) },
  ];
  const [badSources, heldSources] = useMemo(() => [sourcesOf(bad), sourcesOf(held)] as const, [cell, report, filter]);
  const causes = report.causesIn.get(cell.id) ?? [];
  const barriers = tried?.kind === 'states' ? (tried.barriers ?? []) : [];
  const lying = tried?.kind === 'faults' ? tried.lying : undefined;
  const counts = OUTCOME_NAMES.filter((outcome) => (outcomes[outcome] ?? 0) > 0);
  return (
    <>
      <PanelTitle>
        {store} / {scenario} / {variant}
      </PanelTitle>
      <p>
        <span class={`badge status-${cell.status}`}>{words}</span> claims {claim}: {statusWords(cell)}
      </p>
      {reason !== undefined && <p>{reason}</p>}
      <dl class="facts">
        <Fact label="tried">{triedWords(cell).join(' · ')}</Fact>
        <Fact label="found">
          {counts.length === 0 && <span class="dim">nothing to count</span>}
          {counts.map((outcome) => (
            <span key={outcome} class="counted">
              {withCommas(outcomes[outcome] ?? 0)} <OutcomeTag outcome={outcome} />
            </span>
          ))}
          {violations > 0 && <span class="dim"> {counted(violations, 'violation')}</span>}
        </Fact>
        {causes.length > 0 && (
          <Fact label={causes.length === 1 ? 'cause' : 'causes'}>
            <ul class="plain">
              {causes.map(({ id, says }) => (
                <li key={id}>
                  <Open kind="cause" id={id} link={link}>
                    {says}
                  </Open>
                </li>
              ))}
            </ul>
          </Fact>
        )}
        {barriers.length > 0 && (
          <Fact label="each fsync">
            <ul class="plain">
              {barriers.map(({ needed, ...op }) => (
                <li key={op.index}>
                  op {op.index} <Op op={op} />: {NEEDED[needed]}
                </li>
              ))}
            </ul>
          </Fact>
        )}
        {lying !== undefined && (
          <Fact label="if fsync lies">
            {lying.grade}:{' '}
            {Object.entries(lying.outcomes)
              .map(([outcome, count]) => `${outcome} ${withCommas(count)}`)
              .join(', ')}
          </Fact>
        )}
        {notes.length > 0 && (
          <Fact label="notes">
            <ul class="plain">
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
      {cell.picture !== '' && <Picture cell={cell} />}
      {sizeOf(bad) > 0 && (
        <>
          <h3>
            Below the claim <span class="count">{withCommas(sizeOf(bad))}</span>
          </h3>
          <CaseList sources={badSources} link={link} />
        </>
      )}
      <Held parts={held} sources={heldSources} link={link} />
    </>
  );
}

const NEEDED = { yes: 'needed', no: 'buys nothing', undecided: 'undecided' } as const;

const sizeOf = (parts: readonly Part[]): number => parts.reduce((sum, { count }) => sum + count, 0);

/** What held is read only when somebody looks. */
function Held({ parts, sources, link }: { readonly parts: readonly Part[]; readonly sources: readonly Source[]; readonly link: Link }) {
  const [isOpen, setOpen] = useState(false);
  if (parts.length === 0) return <p class="dim">Cases that held are counted above; a run with --all-cases lists them too.</p>;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What was tried and held: {counted(sizeOf(parts), 'case')}</summary>
      {isOpen && <CaseList sources={sources} link={link} />}
    </details>
  );
}
