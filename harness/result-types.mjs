/**
 * The types of a result as TypeScript that needs no package: those of the sources are inferred by zod, which is not installed with
 * crash-matrix. They are made of the published JSON Schema, whose descriptions become comments.
 */

/** The declarations of `Result` and of its parts that have names. */
export function resultTypes(schema) {
  return `/** A run, as \`crash-matrix.json\` has it: the JSON Schema \`crash-matrix/schema.json\` as types. */
export type Result = ${typeOf(schema, '')};
/** One store in one scenario under one model. */
export type CellResult = Result['cells'][number];
/** One crash, fault or schedule, and what was found after it. */
export type CaseResult = Result['cases'][number];
/** Violations that one change would mend. */
export type Cause = Result['causes'][number];
`;
}

function typeOf(schema, indent) {
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.map((one) => typeOf(one, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'null':
      return 'null';
    case 'array':
      return arrayOf(schema, indent);
    case 'object':
      return objectOf(schema, indent);
    default:
      if (schema.type === undefined) return 'unknown';
      throw new Error(`no type is known for ${JSON.stringify(schema)}`);
  }
}

function arrayOf({ prefixItems, items = {} }, indent) {
  if (prefixItems === undefined) return `Array<${typeOf(items, indent)}>`;
  return `[${prefixItems.map((one) => typeOf(one, indent)).join(', ')}]`;
}

function objectOf({ properties, required = [], additionalProperties }, indent) {
  if (properties === undefined) return `{ [name: string]: ${typeOf(additionalProperties ?? {}, indent)} }`;
  const inner = `${indent}  `;
  const members = Object.entries(properties).flatMap(([name, schema]) => {
    const isThere = required.includes(name);
    const type = `${typeOf(schema, inner)}${isThere ? '' : ' | undefined'}`;
    const comment = schema.description === undefined ? [] : [`${inner}/** ${schema.description.replaceAll('*/', '*\\/')} */`];
    return [...comment, `${inner}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${isThere ? '' : '?'}: ${type};`];
  });
  return ['{', ...members, `${indent}}`].join('\n');
}
