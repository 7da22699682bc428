/** What is shown of a case beside words: its runs, the files before and after, values, and the sources of its ops. */
import { useState } from 'preact/hooks';
import type { CaseEvidence, Led, Run, TreeEntry } from '../../domain/evidence.ts';
import type { PageCase, PageEvidence } from './data.ts';
import { Landing } from './landing.tsx';
import type { Link } from './link.ts';
import { Load } from './load.tsx';
import type { Report } from './report.ts';
import { treeAfter } from './run-trees.ts';
import { SourceFile } from './source-file.tsx';
import { Timeline } from './timeline.tsx';
import { type TreeColumn, Trees } from './trees.tsx';
import { unpackEvidence } from './unpack.ts';
import { ValueDiff } from './value-diff.tsx';

interface EvidenceProps {
  readonly one: PageCase;
  readonly shown: CaseEvidence;
  /** The number of the cell's evidence. */
  readonly number: number;
  readonly report: Report;
  readonly link: Link;
}

export function CaseEvidenceView(props: EvidenceProps) {
  return (
    <Load read={() => unpackEvidence(props.number)} what={props.number}>
      {(evidence) => <Shown {...props} evidence={evidence} />}
    </Load>
  );
}

function Shown({ one, shown, report, link, evidence }: EvidenceProps & { readonly evidence: PageEvidence }) {
  const parts = shown.led.flatMap((led) => {
    const run = evidence.runs[led.run];
    return run === undefined ? [] : [{ led, run }];
  });
  const last = parts.at(-1);
  const cut = shown.cut && evidence.cuts[shown.cut.id];
  return (
    <>
      {parts.map(({ led, run }, index) => (
        <Part key={index} led={led} run={run} left={run === last?.run ? shown.left : undefined} evidence={evidence} />
      ))}
      {cut !== undefined && shown.cut !== undefined && parts[0] !== undefined && (
        <>
          <h3>What else may have landed</h3>
          <Landing key={one.id} one={one} shown={shown} cut={cut} lostAtFirst={shown.cut.lost} run={parts[0].run} evidence={evidence} />
        </>
      )}
      <h3>Promised and loaded</h3>
      <ValueDiff shown={shown} values={evidence.values} found={one.found} />
      {parts[0] !== undefined && <Sources one={one} run={parts[0].run} evidence={evidence} report={report} link={link} />}
    </>
  );
}

interface PartProps {
  readonly led: Led;
  readonly run: Run;
  /** What was on disk in the end; only of the last part. */
  readonly left: string | undefined;
  readonly evidence: PageEvidence;
}

function Part({ led, run, left, evidence }: PartProps) {
  const [at, setAt] = useState(led.at.op);
  return (
    <>
      <h3>{led.title ?? 'What led to it'}</h3>
      <Timeline led={led} run={run} lines={evidence.lines} at={at} onPick={setAt} />
      <h3>Files</h3>
      <Trees columns={columnsOf(run, at, left, evidence)} contents={evidence.contents} />
    </>
  );
}

/** Before the run, as the run itself saw it after an op, and as it was on disk. */
function columnsOf(run: Run, at: number, left: string | undefined, { trees }: PageEvidence): TreeColumn[] {
  const column = (title: string, id: string | undefined): TreeColumn[] => {
    const tree: readonly TreeEntry[] | undefined = id === undefined ? undefined : trees[id];
    return tree === undefined ? [] : [{ title, tree }];
  };
  return [
    ...column('before op 1', run.start),
    ...(run.start === undefined ? [] : column(`after op ${at}, to the process`, treeAfter(run, at))),
    ...column('on disk, for who loads', left),
  ];
}

interface SourcesProps extends Pick<EvidenceProps, 'one' | 'report' | 'link'> {
  readonly run: Run;
  readonly evidence: PageEvidence;
}

/** The file of the cause first, then that of the last op, then the others of the run. */
function Sources({ one, run, evidence: { lines }, report: { head }, link }: SourcesProps) {
  const cause = one.cause === undefined ? undefined : head.causes[one.cause];
  const first = cause?.site ?? one.blame?.site ?? one.site ?? one.after?.site;
  const opsIn = new Map<string, Map<number, number[]>>();
  for (const [index, { line }] of run.ops.entries()) {
    const site = lines[line]?.site;
    if (site === undefined) continue;
    const ofFile = opsIn.get(site.file) ?? new Map<number, number[]>();
    opsIn.set(site.file, ofFile.set(site.line, [...(ofFile.get(site.line) ?? []), index + 1]));
  }
  const named = [...new Set([...(first === undefined ? [] : [first.file]), ...opsIn.keys()])];
  const files = named.filter((file) => head.files.includes(file));
  const causes = head.causes.filter(({ store }) => one.id.startsWith(`${store}/`));
  if (files.length === 0) return named.length === 0 ? null : <p class="dim">Sources are not in this report.</p>;
  return (
    <>
      <h3>Source</h3>
      {files.map((file, index) => (
        <Folded key={file} title={file} isOpen={index === 0}>
          {() => (
            <SourceFile
              file={file}
              causes={causes}
              line={file === first?.file ? first.line : undefined}
              ops={opsIn.get(file) ?? new Map()}
              link={link}
            />
          )}
        </Folded>
      ))}
    </>
  );
}

interface FoldedProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly children: () => preact.ComponentChildren;
}

/** What is in it is made when it is opened. */
function Folded({ title, isOpen: atFirst, children }: FoldedProps) {
  const [isOpen, setOpen] = useState(atFirst);
  return (
    <details open={atFirst} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{title}</code>
      </summary>
      {isOpen && children()}
    </details>
  );
}
