/**
 * The layout as rules: which files may import which, and where models may be named. Pure functions over the text of the sources; a rule
 * returns what breaks it, in words.
 *
 * The rooms stand in the order of the flow. A room may import itself and the rooms before it, types too.
 */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** Each file, with the files that it imports: paths from the root of the project. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const ROOMS: readonly string[] = [
  'domain',
  'machine',
  'protocol',
  'api',
  'explain',
  'judge',
  'scenario',
  'scenarios',
  'persistence',
  'src',
  'store',
  'record',
  'recover',
  'fake',
  'generate',
  'bench',
  'models',
  'check',
  'case-evidence',
  'cell-result',
  'cache',
  'source-edits',
  'report',
  'run',
  'replay',
  'diagnose',
  'mend',
  'init',
  'cli',
  // Programs that drive the others.
  'calibrate',
  'benchmarks',
  'pictures',
];

/** Entry points that nobody imports, with the last room that each may import. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ['child', 'models'],
  ['index', 'api'],
  ['vitest', 'api'],
]);

/** The store under test knows nothing of the harness. */
const ALONE: ReadonlySet<string> = new Set(['src']);

/** `harness/report/grid.ts` is in `report`, `harness/check.ts` in `check`, `src/strategies/in-place.ts` in `src`. */
function roomOf(file: string): string {
  const [top = '', room = ''] = file.split('/');
  return top === 'harness' ? room.replace(/\.ts$/, '') : top;
}

/** The project's own files that a source imports, in whatever way. */
export function importsOf(file: string, text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text);
  return importedFiles.flatMap(({ fileName }) => (fileName.startsWith('.') ? [join(dirname(file), fileName)] : []));
}

/** Imports of a room that comes later, or that nobody may import. */
export function backwardImports(imports: Imports): string[] {
  const place = (room: string): number => ROOMS.indexOf(room);
  const mayImport = (from: string, to: string): boolean => {
    if (from === to) return true;
    if (ALONE.has(from) || place(to) < 0) return false;
    return place(to) <= place(ENTRIES.get(from) ?? from);
  };
  return edgesOf(imports).flatMap(({ file, path }) => (mayImport(roomOf(file), roomOf(path)) ? [] : [`${file} imports ${path}`]));
}

/** Files that are in no room, so that no rule holds for them. */
export function homelessFiles(files: Iterable<string>): string[] {
  return [...files].filter((file) => !ROOMS.includes(roomOf(file)) && !ENTRIES.has(roomOf(file)));
}

/** What models share; `all` alone imports models. */
const SHARED_BY_MODELS: ReadonlySet<string> = new Set(['model', 'held', 'second-tries', 'tally', 'crash', 'schedule', 'starts']);

/** Imports from one model's folder to another's: a model can be taken out without touching the others. */
export function importsBetweenModels(imports: Imports): string[] {
  const partOf = (path: string): string | undefined => /^harness\/models\/([\w-]+)/.exec(path)?.[1];
  return edgesOf(imports).flatMap(({ file, path }) => {
    const [from, to] = [partOf(file), partOf(path)];
    if (from === undefined || to === undefined || from === to || from === 'all') return [];
    const isShared = SHARED_BY_MODELS.has(to);
    return isShared ? [] : [`${file} imports ${path}`];
  });
}

function edgesOf(imports: Imports): { readonly file: string; readonly path: string }[] {
  return [...imports].flatMap(([file, paths]) => paths.map((path) => ({ file, path })));
}

/** Circles of imports, each as the files on the way round; a file is in one of them at most. */
export function circlesOf(imports: Imports): string[][] {
  const left = new Map(imports);
  const leftIn = (file: string): string[] => (left.get(file) ?? []).filter((path) => left.has(path));
  const circles: string[][] = [];
  for (;;) {
    // What imports nothing that is left is in no circle.
    for (let before = -1; before !== left.size; ) {
      before = left.size;
      for (const file of [...left.keys()]) if (leftIn(file).length === 0) left.delete(file);
    }
    const [start] = left.keys();
    if (start === undefined) return circles;
    const way = [start];
    let next = leftIn(start)[0] ?? start;
    while (!way.includes(next)) {
      way.push(next);
      next = leftIn(next)[0] ?? next;
    }
    const circle = way.slice(way.indexOf(next));
    circles.push(circle);
    for (const file of circle) left.delete(file);
  }
}

/** Files in which models are named as data, or in what a user reads. */
const NAMES_ARE_FINE: readonly RegExp[] = [
  /^harness\/models\/all\.ts$/,
  /^harness\/store\/catalogue\.ts$/, // claims of the built-in stores
  /^harness\/benchmarks\//,
  /^harness\/cli\/(?:run-command|matrix-options|replay-command|diagnose-command|case-id|program)\.ts$/, // help and examples
];

/** Strings that are a model's name, or begin with it and a colon: nothing outside a model's folder may depend on its name. */
export function namedModels(file: string, text: string, models: readonly string[]): string[] {
  if (NAMES_ARE_FINE.some((pattern) => pattern.test(file))) return [];
  const named = models.filter((model) => !file.startsWith(`harness/models/${model}/`));
  // To parse all sources takes seconds; hardly any has such a string.
  if (!new RegExp(`['"\`](?:${named.join('|')})(?:['"\`:]|\\$\\{)`).test(text)) return [];
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    // A model says by name whose claims hold for it.
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'borrows') return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) {
      if (named.some((model) => node.text === model || node.text.startsWith(`${model}:`))) found.push(`${file} says '${node.text}'`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
  return found;
}
