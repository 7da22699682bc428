/** A cause with the cells in which it shows, and all its cases. */
import { useMemo } from 'preact/hooks';
import { counted } from '../../domain/words.ts';
import { CaseList, type Source } from './case-list.tsx';
import { CauseFacts } from './causes.tsx';
import type { PageCause } from './data.ts';
import { type Filter, matchesCase } from './filter.ts';
import type { Link } from './link.ts';
import { PanelTitle } from './panel-title.tsx';
import { Open } from './parts.tsx';
import type { Report } from './report.ts';
import { SourceFile } from './source-file.tsx';

interface CauseViewProps {
  readonly cause: PageCause;
  readonly report: Report;
  readonly link: Link;
  readonly filter: Filter;
}

export function CauseView({ cause, report, link, filter }: CauseViewProps) {
  const { head } = report;
  const sources = useMemo(() => {
    const place = head.causes.indexOf(cause);
    return cause.cells.flatMap((id): Source[] => {
      const cell = report.cells.get(id);
      if (cell === undefined) return [];
      return [{ cell, parts: cell.bad, isWanted: (one) => one.cause === place && matchesCase(filter, one, cell, head.causes) }];
    });
  }, [cause, report, head, filter]);
  return (
    <>
      <PanelTitle>
        {cause.store}: {cause.says}
      </PanelTitle>
      <CauseFacts cause={cause} link={link} />
      {cause.site !== undefined && head.files.includes(cause.site.file) && (
        <>
          <h3>{cause.site.file}</h3>
          <SourceFile
            file={cause.site.file}
            causes={head.causes.filter(({ store }) => store === cause.store)}
            line={cause.site.line}
            link={link}
          />
        </>
      )}
      <details>
        <summary>{counted(cause.cells.length, 'cell')}</summary>
        <ul class="plain">
          {cause.cells.map((id) => (
            <li key={id}>
              <Open kind="cell" id={id} link={link}>
                {id}
              </Open>
            </li>
          ))}
        </ul>
      </details>
      <h3>Cases</h3>
      <CaseList sources={sources} link={link} />
    </>
  );
}
