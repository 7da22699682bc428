/** The heat map: a row for each store and scenario, a column for each variant of a model. Rows in which everything held are folded. */
import { Fragment } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { OUTCOMES } from '../../domain/outcomes.ts';
import type { CellResult } from '../../domain/result.ts';
import { counted, withCommas } from '../../domain/words.ts';
import { worstLoss } from '../outcomes.ts';
import type { PageCell } from './data.ts';
import { type Link, linkText } from './link.ts';
import { statusWords } from './parts.tsx';
import { triedWords } from './tried-words.ts';

interface MatrixProps {
  readonly cells: readonly PageCell[];
  readonly link: Link;
  readonly isFiltered: boolean;
}

interface Row {
  readonly store: string;
  readonly scenario: string;
  readonly cells: ReadonlyMap<string, PageCell>;
}

const HELD: ReadonlySet<CellResult['status']> = new Set(['kept', 'unbroken']);
const holds = (row: Row): boolean => [...row.cells.values()].every(({ status }) => HELD.has(status));

export function Matrix({ cells, link, isFiltered }: MatrixProps) {
  const rows = rowsOf(cells);
  const [bad, good] = [rows.filter((row) => !holds(row)), rows.filter(holds)];
  const held = cells.filter(({ status }) => HELD.has(status));
  return (
    <section aria-labelledby="matrix">
      <h2 id="matrix">Matrix</h2>
      {cells.length === 0 && <p class="dim">No cell matches.</p>}
      {bad.length > 0 && <HeatMap rows={bad} link={link} label="rows with a loss" />}
      {held.length > 0 && (
        <details open={isFiltered || bad.length === 0} class="held">
          <summary>
            What was tried and held: {counted(held.length, 'cell')}, {withCommas(held.reduce((sum, { states }) => sum + states, 0))} states
            judged
            {good.length > 0 && `; ${counted(good.length, 'row')} without a loss`}
          </summary>
          {good.length > 0 && <HeatMap rows={good} link={link} label="rows without a loss" />}
        </details>
      )}
      {cells.length > 0 && <Legend cells={cells} />}
    </section>
  );
}

function rowsOf(cells: readonly PageCell[]): Row[] {
  const rows = new Map<string, Row & { readonly cells: Map<string, PageCell> }>();
  for (const cell of cells) {
    const key = `${cell.store}\0${cell.scenario}`;
    const row = rows.get(key) ?? { store: cell.store, scenario: cell.scenario, cells: new Map() };
    rows.set(key, row);
    row.cells.set(cell.variant, cell);
  }
  return [...rows.values()];
}

const STEPS: { readonly [key: string]: readonly [down: number, right: number] } = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

interface HeatMapProps {
  readonly rows: readonly Row[];
  readonly link: Link;
  readonly label: string;
}

function HeatMap({ rows, link, label }: HeatMapProps) {
  const table = useRef<HTMLTableElement>(null);
  const models = columnsOf(rows);
  const columns = models.flatMap(({ variants }) => variants);
  const [[atRow, atColumn], setAt] = useState<readonly [number, number]>([0, 0]);
  // Of all cells the one that was visited last is a stop of the Tab key.
  const hasStop = rows[atRow]?.cells.has(columns[atColumn] ?? '') === true;
  const first = rows.flatMap((row, y) => columns.flatMap((variant, x) => (row.cells.has(variant) ? [`${y} ${x}`] : [])))[0];
  const stop = hasStop ? `${atRow} ${atColumn}` : first;
  const move = (event: KeyboardEvent): void => {
    const [down, right] = STEPS[event.key] ?? [0, 0];
    const from = event.target instanceof HTMLElement ? event.target.dataset.at : undefined;
    if (from === undefined || (down === 0 && right === 0)) return;
    event.preventDefault();
    const [y = 0, x = 0] = from.split(' ').map(Number);
    for (
      let [row, column] = [y + down, x + right];
      rows[row] !== undefined && columns[column] !== undefined;
      row += down, column += right
    ) {
      const next = table.current?.querySelector<HTMLElement>(`[data-at="${row} ${column}"]`);
      if (!next) continue;
      next.focus();
      return;
    }
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table ref={table} class="heat" onKeyDown={move}>
        <thead>
          <tr>
            <th rowSpan={2} scope="col" class="stays">
              scenario
            </th>
            {models.map(({ model, variants }) => (
              <th key={model} scope="colgroup" colSpan={variants.length} rowSpan={isPlain(model, variants) ? 2 : 1} class="model">
                {model}
              </th>
            ))}
          </tr>
          <tr>
            {models.flatMap(({ model, variants }) =>
              isPlain(model, variants)
                ? []
                : variants.map((variant, index) => (
                    <th key={variant} scope="col" class={index === 0 ? 'model' : ''}>
                      {variant === model ? 'plain' : variant.slice(model.length + 1)}
                    </th>
                  )),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, y) => (
            <Fragment key={`${row.store}/${row.scenario}`}>
              {rows[y - 1]?.store !== row.store && (
                <tr>
                  <th scope="rowgroup" colSpan={columns.length + 1}>
                    <span class="stays">{row.store}</span>
                  </th>
                </tr>
              )}
              <tr>
                <th scope="row" class="stays">
                  {row.scenario}
                </th>
                {models.flatMap(({ variants }) =>
                  variants.map((variant, index) => {
                    const cell = row.cells.get(variant);
                    const at = `${y} ${columns.indexOf(variant)}`;
                    return (
                      <td key={variant} class={index === 0 ? 'model' : ''}>
                        {cell !== undefined && (
                          <a
                            class={`heat-cell ${toneOf(cell)}`}
                            href={linkText({ ...link, open: { kind: 'cell', id: cell.id } })}
                            title={`${cell.id}\n${cell.words}; ${statusWords(cell)}\n${triedWords(cell).join(' · ')}`}
                            data-at={at}
                            tabIndex={at === stop ? 0 : -1}
                            onFocus={() => setAt([y, columns.indexOf(variant)])}
                          >
                            <b>{markOf(cell)}</b>
                            <small>{shortWords(cell)}</small>
                            <span class="unseen">, {statusWords(cell)}</span>
                          </a>
                        )}
                      </td>
                    );
                  }),
                )}
              </tr>
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A model without profiles needs no second line in the head. */
const isPlain = (model: string, variants: readonly string[]): boolean => variants.length === 1 && variants[0] === model;

/** Models in the order of the run, each with its variants. */
function columnsOf(rows: readonly Row[]): { readonly model: string; readonly variants: readonly string[] }[] {
  const models = new Map<string, Set<string>>();
  for (const { cells } of rows)
    for (const { model, variant } of cells.values()) models.set(model, (models.get(model) ?? new Set()).add(variant));
  return [...models].map(([model, variants]) => ({ model, variants: [...variants] }));
}

/** What a cell is coloured by. */
function toneOf({ status, grade }: PageCell): string {
  return status === 'broken' && grade === 'inconclusive' ? 'unclear' : status;
}

/** A letter, with what the status adds to it: `!` fails the run, `*` is known, `( )` is only shown. */
function markOf(cell: PageCell): string {
  const worst = worstLoss(cell.outcomes);
  const letter = worst === undefined ? undefined : OUTCOMES[worst].letter;
  switch (cell.status) {
    case 'kept':
      return letter ?? '✓';
    case 'unbroken':
      return letter ?? '–';
    case 'known-bug':
      return `${letter ?? ''}*`;
    case 'shown':
      return `(${letter ?? '?'})`;
    case 'broken':
    case 'missed-bug':
      return `!${letter ?? '?'}`;
    default:
      return cell.status satisfies never;
  }
}

function shortWords(cell: PageCell): string {
  if (cell.status === 'missed-bug') return 'missed';
  if (cell.grade === 'inconclusive') return 'unclear';
  const worst = worstLoss(cell.outcomes);
  return worst ?? (cell.status === 'unbroken' ? 'no loss' : cell.grade);
}

const LEGEND: readonly { readonly tone: string; readonly mark: string; readonly words: string }[] = [
  { tone: 'broken', mark: '!', words: 'claim broken' },
  { tone: 'unclear', mark: '!?', words: 'could not be shown' },
  { tone: 'missed-bug', mark: '!', words: 'known bug missed' },
  { tone: 'shown', mark: '( )', words: 'below the claim, only shown' },
  { tone: 'known-bug', mark: '*', words: 'known bug, found' },
  { tone: 'unbroken', mark: '–', words: 'no loss found, proves nothing' },
  { tone: 'kept', mark: '✓', words: 'claim kept' },
];

function Legend({ cells }: { readonly cells: readonly PageCell[] }) {
  const seen = new Set(cells.map(toneOf));
  return (
    <ul class="legend">
      {LEGEND.filter(({ tone }) => seen.has(tone)).map(({ tone, mark, words }) => (
        <li key={tone}>
          <span class={`heat-cell ${tone}`}>{mark}</span> {words}
        </li>
      ))}
    </ul>
  );
}
