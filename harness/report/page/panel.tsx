/** What is open of the page, in front of it: a cell, a case or a cause. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { cellNameIn } from '../../domain/case-id.ts';
import { CaseView } from './case-view.tsx';
import { CauseView } from './cause-view.tsx';
import { CellView } from './cell-view.tsx';
import type { Filter } from './filter.ts';
import type { Link, Opened } from './link.ts';
import { Missing } from './panel-title.tsx';
import type { Report } from './report.ts';

interface PanelProps {
  readonly report: Report;
  readonly link: Link;
  readonly open: Opened;
  readonly filter: Filter;
  readonly onClose: () => void;
}

export function Panel({ report, link, open, filter, onClose }: PanelProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      // Back to what opened it, unless something else was given the focus, as the filter is.
      const isFree = document.activeElement === document.body || element?.contains(document.activeElement);
      if (isFree && before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => {
    dialog.current?.scrollTo(0, 0);
    dialog.current?.querySelector<HTMLElement>('h2')?.focus();
  }, [open.kind, open.id]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it too, which is the browser's own.
    <dialog
      ref={dialog}
      class="panel"
      aria-labelledby="panel-title"
      onCancel={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="panel-body">
        <button type="button" class="close" onClick={onClose} aria-label="Close">
          ×
        </button>
        {viewOf(report, link, open, filter)}
      </div>
    </dialog>
  );
}

function viewOf(report: Report, link: Link, open: Opened, filter: Filter): ComponentChildren {
  const { head, cells } = report;
  switch (open.kind) {
    case 'cell': {
      const cell = cells.get(open.id);
      return cell === undefined ? (
        <Missing {...open} />
      ) : (
        <CellView key={cell.id} cell={cell} report={report} link={link} filter={filter} />
      );
    }
    case 'case': {
      const cell = cells.get(cellNameIn(open.id));
      return cell === undefined ? <Missing {...open} /> : <CaseView key={open.id} id={open.id} cell={cell} report={report} link={link} />;
    }
    case 'cause': {
      const cause = head.causes.find(({ id }) => id === open.id);
      return cause === undefined ? (
        <Missing {...open} />
      ) : (
        <CauseView key={cause.id} cause={cause} report={report} link={link} filter={filter} />
      );
    }
    default:
      return open.kind satisfies never;
  }
}
