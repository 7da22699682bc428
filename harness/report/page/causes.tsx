/** Causes, worst first: those that break a claim in full, the others folded. */
import { counted } from '../../domain/words.ts';
import type { PageCause } from './data.ts';
import type { Link } from './link.ts';
import { Command, Fact, Open, OutcomeTag, SourceLine } from './parts.tsx';

const FOLDED: readonly { readonly status: PageCause['status']; readonly title: string }[] = [
  { status: 'shown', title: 'Only shown: no claim falls by them' },
  { status: 'known', title: 'Known bugs, found as expected' },
];

interface CausesProps {
  readonly causes: readonly PageCause[];
  readonly all: number;
  readonly link: Link;
  readonly isFiltered: boolean;
}

export function Causes({ causes, all, link, isFiltered }: CausesProps) {
  if (all === 0) return null;
  const of = (status: PageCause['status']): PageCause[] => causes.filter((cause) => cause.status === status);
  const broken = of('broken');
  return (
    <section aria-labelledby="causes">
      <h2 id="causes">
        Causes <span class="count">{isFiltered ? `${causes.length} of ${all}` : all}</span>
      </h2>
      {broken.length === 0 && <p class="dim">No cause breaks a claim{isFiltered && ' in what is shown'}.</p>}
      <CauseList causes={broken} link={link} />
      {FOLDED.map(({ status, title }) => {
        const some = of(status);
        if (some.length === 0) return null;
        return (
          <details key={status} open={isFiltered}>
            <summary>
              {title}: {counted(some.length, 'cause')}
            </summary>
            <CauseList causes={some} link={link} />
          </details>
        );
      })}
    </section>
  );
}

function CauseList({ causes, link }: { readonly causes: readonly PageCause[]; readonly link: Link }) {
  return (
    <ol class="causes">
      {causes.map((cause) => (
        <li key={cause.id} class={`cause status-${cause.status}`}>
          <h3>
            <Open kind="cause" id={cause.id} link={link}>
              {cause.store}: {cause.says}
            </Open>
          </h3>
          <CauseFacts cause={cause} link={link} />
        </li>
      ))}
    </ol>
  );
}

export function CauseFacts({ cause, link }: { readonly cause: PageCause; readonly link: Link }) {
  const { site, op, outcomes, mend, reach, cells, cases, plainest } = cause;
  return (
    <>
      <SourceLine site={site} />
      <dl class="facts">
        <Fact label="leaves">
          {outcomes.map((outcome) => (
            <OutcomeTag key={outcome} outcome={outcome} />
          ))}
        </Fact>
        <Fact label="the op">
          <code>{op}</code>
          {site?.in !== undefined && <span class="dim"> in {site.in}</span>}
        </Fact>
        <Fact label="in">
          {counted(cells.length, 'cell')}, {counted(cases, 'case')}
          <ul class="plain">
            {reach.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </Fact>
        {mend !== undefined && (
          <Fact label={mend.verified ? 'mended by' : 'to mend it'}>
            {mend.text} <span class="dim">({mend.verified ? 'verified: every case of its cell was gone' : 'a hint, not tried'})</span>
          </Fact>
        )}
        {plainest !== undefined && (
          <Fact label="for example">
            <Open kind="case" id={plainest.id} link={link}>
              {plainest.id}
            </Open>
            : found <b>{plainest.found}</b>, had promised <b>{plainest.promised}</b>
            <Command text={plainest.replay} />
          </Fact>
        )}
      </dl>
    </>
  );
}
