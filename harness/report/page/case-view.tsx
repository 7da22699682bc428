/** One case: what happened, what was lost, what was promised and found, and the command that brings it about again. */
import { Fragment } from 'preact';
import { CASES_WITH_EVIDENCE } from '../../domain/evidence-limits.ts';
import { OUTCOMES } from '../../domain/outcomes.ts';
import type { CaseResult } from '../../domain/result.ts';
import { counted, withCommas } from '../../domain/words.ts';
import { crashLabel } from '../crash-words.ts';
import type { PageCase, PageCell } from './data.ts';
import { CaseEvidenceView } from './evidence.tsx';
import { Lanes } from './lanes.tsx';
import type { Link } from './link.ts';
import { Load } from './load.tsx';
import { Missing, PanelTitle } from './panel-title.tsx';
import { Command, Fact, Op, Open, OutcomeTag, Site, SourceLine } from './parts.tsx';
import type { Report } from './report.ts';
import { caseNamed } from './unpack.ts';

interface CaseViewProps {
  readonly id: string;
  readonly cell: PageCell;
  readonly report: Report;
  readonly link: Link;
}

export function CaseView({ id, cell, report, link }: CaseViewProps) {
  return (
    <Load read={() => caseNamed(id, cell)} what={id} reading={<PanelTitle>{id}</PanelTitle>}>
      {(one) => (one === undefined ? <Missing kind="case" id={id} /> : <Case one={one} cell={cell} report={report} link={link} />)}
    </Load>
  );
}

function Case({ one, cell, report, link }: { readonly one: PageCase } & Omit<CaseViewProps, 'id'>) {
  const cause = one.cause === undefined ? undefined : report.head.causes[one.cause];
  return (
    <>
      <p class="back">
        <Open kind="cell" id={cell.id} link={link}>
          ← {cell.id}
        </Open>
      </p>
      <PanelTitle>{one.id}</PanelTitle>
      <p>
        <OutcomeTag outcome={one.outcome} /> {OUTCOMES[one.outcome].meaning}
        {one.violation ? `: ${one.grade}, below the claim of ${cell.claim}` : `: ${one.grade}, which the claim of ${cell.claim} allows`}
      </p>
      <div class="pair">
        <section>
          <h3>had promised</h3>
          <pre>{one.promised}</pre>
        </section>
        <section class={`tone-${OUTCOMES[one.outcome].colour}`}>
          <h3>{one.foundBy ?? OUTCOMES[one.outcome].foundBy}</h3>
          <pre>{one.found}</pre>
        </section>
      </div>
      <dl class="facts">
        {one.history !== undefined && (
          <Fact label="history">
            <ol class="steps">
              {one.history.map((step, index) => (
                <li key={index}>{step}</li>
              ))}
            </ol>
          </Fact>
        )}
        <Moment one={one} crashed={cell.crashed} />
        {one.until !== undefined && (
          <Fact label={`until op ${one.until.index}`}>
            <Op op={one.until} />
          </Fact>
        )}
        <Fact label="on disk">
          <Files files={one.onDisk} />
        </Fact>
        {cause !== undefined && (
          <Fact label="cause">
            <Open kind="cause" id={cause.id} link={link}>
              {cause.says}
            </Open>
          </Fact>
        )}
        {one.missingBarrier !== undefined && <Fact label="would mend it">{one.missingBarrier}</Fact>}
        <Fact label="replay">
          <Command text={one.replay} />
        </Fact>
      </dl>
      {cell.evidence !== undefined && one.shown !== undefined ? (
        <CaseEvidenceView one={one} shown={one.shown} number={cell.evidence} report={report} link={link} />
      ) : (
        <p class="dim">{whyNothingShown(cell)}</p>
      )}
    </>
  );
}

function whyNothingShown({ evidence }: PageCell): string {
  if (evidence === undefined) return 'This report was made without the runs and files of its cases; the command above shows them.';
  return `Runs and files are kept of the first ${CASES_WITH_EVIDENCE} cases of a cell; of this one the command above shows them.`;
}

/** What happened before anything was looked at. */
function Moment({ one, crashed }: { readonly one: PageCase; readonly crashed: string }) {
  const { schedule, fault, start, site, after, inside, end, quitBy, forced, lost, landed, again, further = [] } = one;
  if (schedule !== undefined)
    return (
      <Fact label="in this order">
        <Lanes one={one} schedule={schedule} />
      </Fact>
    );
  if (fault !== undefined)
    return (
      <>
        <Fact label="failed">
          {fault} <Site site={site} />
          <SourceLine site={site} />
        </Fact>
        <Losses lost={lost} landed={landed} />
      </>
    );
  if (start !== undefined) return <Fact label="started with">{start}</Fact>;
  const isElsewhere = site !== undefined && landed === undefined && (site.file !== after?.site?.file || site.line !== after.site.line);
  return (
    <>
      <Fact label={crashLabel({ end, ...(after && { after }), ...(inside !== undefined && { inside }) }, crashed)}>
        {after === undefined ? 'nothing had happened yet' : <Op op={after} />}
        {inside !== undefined && `, ${withCommas(inside)} bytes in`}
        <SourceLine site={after?.site} />
      </Fact>
      {quitBy !== undefined && <Fact label="by">{quitBy}</Fact>}
      {isElsewhere && (
        <Fact label="asked for at">
          <Site site={site} />
          <SourceLine site={site} />
        </Fact>
      )}
      {forced !== undefined && <Fact label="before that">{forced}</Fact>}
      <Losses lost={lost} landed={landed} />
      {[again ?? [], further].flat().map((later, index) => (
        <Fragment key={`${index + 2}`}>
          <Fact label="then, in recovery">
            {crashLabel({ ...later, end: false }, crashed)}: {later.after !== undefined && <Op op={later.after} />}
          </Fact>
          <Losses lost={later.lost} landed={undefined} />
        </Fragment>
      ))}
    </>
  );
}

/** What is not on disk, and what is without it. */
function Losses({ lost, landed }: { readonly lost: readonly string[]; readonly landed: string | undefined }) {
  return (
    <>
      {lost.length > 0 && (
        <Fact label="lost">
          <ul class="plain">
            {lost.map((op) => (
              <li key={op}>
                <del>{op}</del>
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {landed !== undefined && <Fact label="because">{landed}</Fact>}
    </>
  );
}

function Files({ files }: { readonly files: CaseResult['onDisk'] }) {
  if (files.length === 0) return <>nothing</>;
  return (
    <ul class="plain">
      {files.map(({ path, bytes }) => (
        <li key={path}>
          <code>{path}</code> {bytes !== undefined && <span class="dim">{counted(bytes, 'byte')}</span>}
        </li>
      ))}
    </ul>
  );
}
