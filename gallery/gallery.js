/**
 * Writes docs/gallery.md: `npm run gallery`, in this directory. Linux, root.
 *
 * Runs every store of stores/ as crash-matrix.config.js says, tries some of them on full file systems (full-disk.js), and upgrades one package in
 * a project with a baseline. The text around the results is page.md. A quotation that is not in the installed package ends it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = import.meta.dirname;
const PAGE = join(ROOT, '../docs/gallery.md');
const RESULT = join(ROOT, 'node_modules/.cache/gallery.json');
const CLI = join(ROOT, '../dist/cli.js');

/** Stores that keep one file, and databases to compare them with. */
const ON_FULL_DISKS = ['write-file-atomic', 'atomically', 'conf', 'configstore', 'steno', 'lowdb', 'lokijs', 'cacache', 'better-sqlite3'];
/** Stores that save again on a tmpfs. LevelDB is left out: what it leaves depends on where the write was cut, which differs from run to run. */
const SAVED_AGAIN = ['steno-0', 'nedb', 'lmdb', 'steno', 'lowdb', 'lokijs', 'cacache'];
const DISKS = { tmpfs: 'tmpfs', 'ext4-journal': 'ext4 with `data=journal`', ext4: 'ext4' };
const PAIRS = [
  ['lowdb-1', 'lowdb'],
  ['steno-0', 'steno'],
  ['write-file-atomic-1', 'write-file-atomic'],
  ['node-persist-2', 'node-persist'],
];
/**
 * What breaks a promise of less than durability. Of whole values: what is given back may be nothing, and is never wrong. Of atomic writes: what is
 * there is neither the old value nor the new one.
 */
const BREAKS = {
  'whole values': ['mixed', 'torn', 'twice', 'out-of-order'],
  atomic: ['mixed', 'torn', 'twice', 'out-of-order', 'empty', 'lost', 'unreadable', 'hung'],
};

const squeezed = (text) => text.replace(/\s+/g, ' ').trim();

/** A store with what its header says. Throws where a header is not as it should be, or a quotation is not in the package. */
function storeIn(file) {
  const name = file.replace('.js', '');
  const header = /^\/\*\*\n([\s\S]*?)\n \*\/\n/.exec(readFileSync(join(ROOT, 'stores', file), 'utf8'))?.[1];
  if (header === undefined) throw new Error(`${file} has no header`);
  const [title, , ...rows] = header.split('\n').map((line) => line.slice(3));
  const parts = rows.join('\n').replace(/\n +/g, ' ').split('\n');
  const said = (label) => parts.flatMap((part) => (part.startsWith(label) ? [part.slice(label.length).trim()] : []));
  const folder = /, as ([\w-]+)$/.exec(title)?.[1] ?? title.split(/[ ,]/)[0];
  const quotes = said('Says').flatMap((text) => {
    const [, quote, source] = /^"(.*)" \((.*)\)$/.exec(text) ?? [];
    return quote === undefined ? [] : [{ quote, source }];
  });
  for (const { quote, source } of quotes)
    if (!source.startsWith('https:') && !squeezed(readFileSync(join(ROOT, 'node_modules', folder, source), 'utf8')).includes(quote))
      throw new Error(`${file}: "${quote}" is not in ${source} of ${folder}`);
  for (const [, packageName, version] of title.matchAll(/([\w@/-]+) (\d+\.\d+\.\d+)/g)) {
    const installed = [packageName, folder].map((at) => join(ROOT, 'node_modules', at, 'package.json')).filter(existsSync);
    const versions = installed.map((at) => JSON.parse(readFileSync(at, 'utf8')).version);
    if (!versions.includes(version)) throw new Error(`${file} names ${packageName} ${version}, and ${versions} is installed`);
  }
  return { name, title, quotes, says: said('Says')[0], readAs: said('Read as')[0], note: said('Note')[0] };
}

/** Exits with 0 or 1, or this ends. */
function crashMatrix(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, COLUMNS: '110', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0 && status !== 1) throw new Error(`crash-matrix ${args.join(' ')} ended with ${status}\n${stderr}`);
  return stdout.trim();
}

const variantOf = ({ model, profile }) => (profile === undefined ? model : `${model}:${profile}`);

/** What the words of a package ask for, under each variant that they speak of: true where it is kept. */
function keptBy({ readAs }, cells) {
  const [, what, under] = /^(durable|atomic|whole values) under (.*)$/.exec(readAs ?? '') ?? [];
  if (what === undefined) return [];
  const spoken = cells.filter(({ model }) => under.split(', ').includes(model));
  const isKept = ({ grade, outcomes }) => (what === 'durable' ? grade === what : !BREAKS[what].some((outcome) => outcome in outcomes));
  return spoken.map((cell) => ({ variant: variantOf(cell), isKept: isKept(cell) }));
}

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
/** Without what is another one in each run. */
const lasting = (text) => text.replace(/(?:[0-9a-f]{2}\/)*[0-9a-f]{30,}/g, '<hash>').replace(/ \d+\.\.\d+/g, '');
const gradeText = ({ grade }) => (grade === 'lossy' || grade === 'inconclusive' ? `**${grade}**` : grade);
const listed = (texts) => texts.map((text) => `\`${text}\``).join(', ');
const anchorOf = (name) => `[${name}](#${name})`;

const SHORT = { 'process-kill': 'killed', 'power-loss': 'power', 'io-error': 'a failing call' };

function promisedText({ readAs }) {
  const [, what, under] = /^(durable|atomic|whole values) under (.*)$/.exec(readAs ?? '') ?? [];
  if (what === undefined) return 'nothing';
  const models = under.split(', ');
  return models.length === Object.keys(SHORT).length ? what : `${what}, ${models.map((model) => SHORT[model]).join(' and ')}`;
}

function keptText(kept) {
  if (kept.length === 0) return '–';
  const broken = kept.filter(({ isKept }) => !isKept);
  if (broken.length === 0) return 'yes';
  return broken.length === kept.length ? 'no' : `not under ${broken.map(({ variant }) => variant).join(', ')}`;
}

function matrixOf(stores) {
  const head = ['', 'killed', 'ext4', 'xfs', 'btrfs', 'a failing call', 'promised', 'kept'];
  return table(
    head,
    stores.map((store) => [anchorOf(store.name), ...store.cells.map(gradeText), promisedText(store), keptText(keptBy(store, store.cells))]),
  );
}

function sectionOf(store) {
  const { name, title, quotes, readAs, note, cells, causes } = store;
  const quoted = quotes.map(({ quote, source }) => `> ${quote} (${source.startsWith('https:') ? source : `its ${source}`})`).join('\n>\n');
  const kept = keptBy(store, cells);
  const [holds, breaks] = [true, false].map((is) => kept.filter(({ isKept }) => isKept === is).map(({ variant }) => variant));
  const verdict = [holds.length > 0 && `Kept under ${listed(holds)}.`, breaks.length > 0 && `Not kept under ${listed(breaks)}.`].filter(
    Boolean,
  );
  const why = causes.map(({ says, outcomes, worst, shortest, mend, op }) => {
    const where = Object.keys(worst).map((variant) => `\`${variant}\``);
    const help = mend?.verified ? ` Would mend it, as was checked: ${mend.text.split('   ')[0]}.` : '';
    const opText = says.includes(op) ? '' : ` (\`${op}\`)`;
    const line = lasting(`- ${says}${opText}; it leaves ${outcomes.join(', ')} under ${where.join(', ')}.${help}`);
    return `${line}\n  \`npm run -s crash-matrix -- replay '${shortest}' --store ./stores/${name}.js\``;
  });
  return [
    `### ${name}`,
    title,
    quotes.length > 0 ? quoted : 'It promises nothing of crashes, power cuts or full disks.',
    [readAs !== undefined && `Read as: ${readAs}.`, ...verdict, note].filter(Boolean).join(' '),
    why.join('\n'),
    `\`\`\`\nnpm run -s crash-matrix -- run --store ./stores/${name}.js\n\`\`\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function onFullDisk(kind, names) {
  const args = [join(ROOT, 'full-disk.js'), kind, ...names];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`full-disk.js ${kind} ended with ${status}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Without the code or the message of an error. */
const inShort = (text) => text.replace(/(?: \(|: ).*/, '');

function savedAgain() {
  const rows = onFullDisk('tmpfs', ['--again', ...SAVED_AGAIN]).map(({ store, save, again, load }) => {
    const found = inShort(load);
    const isWrong = again !== 'resolved' || found !== 'the new value';
    return [anchorOf(store), inShort(save), again === 'never settled' ? `**${again}**` : inShort(again), isWrong ? `**${found}**` : found];
  });
  return table(['', 'the save on the full disk', 'the same again, with room', 'then a new process loads'], rows);
}

function fullDisks() {
  const columns = Object.keys(DISKS).map((kind) => onFullDisk(kind, ON_FULL_DISKS));
  const cellOf = ({ save, load }) => {
    const text = `${inShort(save)}, then ${inShort(load)}`;
    return save === 'resolved' && load !== 'the new value' ? `**${text}**` : text;
  };
  const rows = ON_FULL_DISKS.map((name, index) => [anchorOf(name), ...columns.map((column) => cellOf(column[index]))]);
  return table(['', ...Object.values(DISKS)], rows);
}

/** A project with a baseline before and after an upgrade of its one package. */
function upgrade() {
  const place = join(ROOT, '.upgrade');
  const link = join(place, 'node_modules/write-file-atomic');
  const use = (installed) => {
    rmSync(join(place, 'node_modules'), { recursive: true, force: true });
    mkdirSync(join(place, 'node_modules'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', installed), link);
  };
  const run = ['run', '--store', './.upgrade/notes.js', '--scenario', 'replace', '--model', 'power-loss:xfs,io-error', '--no-cache'];
  const baseline = ['--baseline', '.upgrade/crash-baseline.json'];
  try {
    rmSync(place, { recursive: true, force: true });
    use('write-file-atomic-1');
    const store = readFileSync(join(ROOT, 'stores/write-file-atomic-1.js'), 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\n/, '');
    writeFileSync(join(place, 'notes.js'), store.replace("'write-file-atomic-1'", "'write-file-atomic'"));
    crashMatrix([...run, ...baseline, '--update-baseline']);
    use('write-file-atomic');
    return crashMatrix([...run, ...baseline])
      .replaceAll('.upgrade/', '')
      .replace(/ · (?:\d+ min )?[\d.]+ s$/m, '');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function pairTable(stores) {
  const byName = new Map(stores.map((store) => [store.name, store]));
  const rows = PAIRS.flatMap(([before, after]) => {
    const [old, now] = [byName.get(before), byName.get(after)];
    const changed = old.cells.flatMap((cell, index) => {
      const next = now.cells[index];
      return cell.grade === next.grade ? [] : [`\`${variantOf(cell)}\`: ${gradeText(cell)} → ${gradeText(next)}`];
    });
    return [[old.title.split(',')[0], now.title, changed.join('; ') || 'none']];
  });
  return table(['before', 'after', 'grades that change'], rows);
}

const started = performance.now();
const heads = readdirSync(join(ROOT, 'stores')).map(storeIn);
if (process.argv[2] !== '--again') crashMatrix(['run', '--reporter', `json=${RESULT}`]);
const result = JSON.parse(readFileSync(RESULT, 'utf8'));
const stores = heads.map((head) => ({
  ...head,
  cells: result.cells.filter(({ store }) => store === head.name),
  causes: result.causes.filter(({ store }) => store === head.name),
}));
const wfa = stores.find(({ name }) => name === 'write-file-atomic');
const truncated = wfa.causes.map(({ shortest }) => shortest).find((id) => id.includes('~ENOSPC+'));
const issue = crashMatrix(['replay', truncated, '--store', './stores/write-file-atomic.js', '--issue']);
const texts = {
  node: `Node ${result.node.slice(1)}`,
  kept: `${stores.length} stores, ${result.cells.length} cells`,
  'full disks': fullDisks(),
  'saved again': savedAgain(),
  issue,
  'issue command': `npm run -s crash-matrix -- replay '${truncated}' --store ./stores/write-file-atomic.js --issue > issue.md`,
  matrix: matrixOf(stores),
  pairs: pairTable(stores),
  upgrade: upgrade(),
  packages: stores.map(sectionOf).join('\n\n'),
};
const page = readFileSync(join(ROOT, 'page.md'), 'utf8').replace(/\{\{([\w ]+)\}\}/g, (_, name) => {
  if (texts[name] === undefined) throw new Error(`page.md asks for ${name}`);
  return texts[name];
});
writeFileSync(PAGE, page);
process.stdout.write(`wrote docs/gallery.md in ${Math.round((performance.now() - started) / 1000)} s\n`);
