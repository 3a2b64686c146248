/** A JSON Schema as TypeScript, for those who have no zod: `interface NAME { … }` with the descriptions as comments. */
import type { JsonSchema } from './json-schema.ts';

export function interfaceOf(name: string, schema: JsonSchema): string {
  const comment = schema.description === undefined ? '' : commentLine(schema.description, '');
  return `${comment}export interface ${name} ${objectText(schema, '')}\n`;
}

function objectText(schema: JsonSchema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties ?? {}).map(([key, property]) => {
    const comment = property.description === undefined ? '' : commentLine(property.description, inner);
    const mark = schema.required?.includes(key) ? '' : '?';
    return `${comment}${inner}${key}${mark}: ${typeOf(property, inner)};\n`;
  });
  const isOpen = typeof schema.additionalProperties === 'object';
  const more = isOpen ? [`${inner}[key: string]: unknown;\n`] : [];
  return `{\n${[...lines, ...more].join('')}${indent}}`;
}

const commentLine = (text: string, indent: string): string =>
  `${indent}/** ${text.replaceAll('*/', '* /')} */\n`;

function typeOf(schema: JsonSchema, indent: string): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((one) => typeOf(one, indent)))].join(' | ');
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  if (schema.type === 'array') {
    const item = schema.items ? typeOf(schema.items, indent) : 'unknown';
    return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === 'object') {
    if (schema.properties && Object.keys(schema.properties).length > 0) return objectText(schema, indent);
    const { additionalProperties: values } = schema;
    return typeof values === 'object' && Object.keys(values).length > 0
      ? `Record<string, ${typeOf(values, indent)}>`
      : 'Record<string, unknown>';
  }
  if (schema.type === 'integer') return 'number';
  return typeof schema.type === 'string' ? schema.type : 'unknown';
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
