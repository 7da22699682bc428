/**
 * The text of docs/api.md, made of the sources: each export of `crash-matrix` and of `crash-matrix/vitest`, with its docstring and its declaration,
 * and the declarations that it is built on and that are not exported themselves. `npm run api` writes it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/api.md');
const ENTRIES = { 'crash-matrix': 'harness/index.ts', 'crash-matrix/vitest': 'harness/vitest/vitest.ts' };
const HEAD = `# API

What can be imported. \`npm run api\` writes this page from the docstrings of the sources. How to use it: [your first store](guide/first-store.md),
[in your tests](guide/in-tests.md).`;

export function apiPage() {
  const files = Object.values(ENTRIES).map((file) => join(ROOT, file));
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config.compilerOptions;
  const { options } = ts.convertCompilerOptionsFromJson({ ...config, incremental: false, tsBuildInfoFile: undefined }, ROOT);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const shown = new Set();
  const page = Object.entries(ENTRIES).flatMap(([name, file]) => {
    const source = program.getSourceFile(join(ROOT, file));
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map((symbol) => resolved(symbol, checker));
    const [values, types] = [exported.filter(isValue), exported.filter((symbol) => !isValue(symbol))];
    return [
      `## ${name}`,
      ...[...values.toSorted(byName), ...types.toSorted(byName)].flatMap((symbol) => sectionOf(symbol, shown, checker)),
      ...source.statements.filter(ts.isModuleDeclaration).map((augmented) => fenced(augmented.getText())),
    ];
  });
  return `${[HEAD, ...page, '## Parts of these', ...partsOf(shown, checker)].join('\n\n')}\n`;
}

const resolved = (symbol, checker) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
const isValue = (symbol) => (symbol.flags & ts.SymbolFlags.Value) !== 0;
const byName = (one, other) => (one.name < other.name ? -1 : 1);

/** What the declarations name and that is not exported by itself, each once. */
function partsOf(shown, checker) {
  const parts = [];
  for (const symbol of shown)
    for (const part of symbol.declarations.flatMap((declaration) => namedIn(declaration, checker)))
      if (!shown.has(part)) parts.push(...sectionOf(part, shown, checker));
  return parts;
}

function sectionOf(symbol, shown, checker) {
  shown.add(symbol);
  const docs = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  const texts = symbol.declarations.map((declaration) => textOf(declaration, checker));
  return [`### ${symbol.name}`, ...(docs === '' ? [] : [docs]), isInferred(symbol) ? SEE_SCHEMA : fenced(texts.join('\n'))];
}

/** Types that a declaration names and that stand in its file; not those of which a schema is made. */
function namedIn(declaration, checker) {
  const found = [];
  const visit = (node) => {
    if (ts.isBlock(node)) return;
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const symbol = checker.getSymbolAtLocation(node.typeName ?? node.expression);
      const named = symbol && resolved(symbol, checker);
      if (named?.declarations?.every((one) => isBeside(one, declaration))) found.push(named);
    }
    ts.forEachChild(node, visit);
  };
  if (!isInferred(declaration.symbol)) visit(declaration);
  return found;
}

const isBeside = (one, other) => one.getSourceFile() === other.getSourceFile() && !ts.isTypeParameterDeclaration(one);

const SEE_SCHEMA = 'Its members are those of the JSON Schema, `crash-matrix/schema.json`, of which the types of the package are made.';
const isInferred = ({ declarations }) =>
  declarations.some((declaration) => /\bz\.(?:infer|output|input)\b|^(?:export )?type \w+ = Result\[/.test(declaration.getText()));

/** Without what functions do. A type that is taken from a table is written out. */
function textOf(declaration, checker) {
  const typeText = () =>
    checker
      .typeToString(checker.getTypeAtLocation(declaration), declaration, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias)
      .replaceAll('"', "'");
  if (ts.isVariableDeclaration(declaration)) return `export const ${declaration.name.text}: ${typeText()};`;
  const text = declaration.getText();
  if (ts.isTypeAliasDeclaration(declaration) && /\btypeof\b/.test(text)) return `export type ${declaration.name.text} = ${typeText()};`;
  const bodies = [];
  const visit = (node) => (node.body === undefined ? ts.forEachChild(node, visit) : void bodies.push(node.body));
  visit(declaration);
  const start = declaration.getStart();
  const without = bodies.reduceRight(
    (rest, body) => `${rest.slice(0, body.getStart() - start).trimEnd()};${rest.slice(body.end - start)}`,
    text,
  );
  return without.replace(/^ *\/\/ biome-ignore .*\n/gm, '');
}

const fenced = (text) => `\`\`\`ts\n${text}\n\`\`\``;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(PAGE, apiPage());
