import type { DocBlock } from './doc-comments.ts';

/** As much of JSON Schema as zod writes. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $defs?: Record<string, JsonSchema>;
}

/** Writes the doc comments into a schema as descriptions: each object is known by its keys. */
export function describeSchema(schema: JsonSchema, blocks: readonly DocBlock[]): void {
  if (schema.properties) {
    for (const block of blocksOf(schema, blocks)) {
      if (block.literal !== undefined && block.description !== '') schema.description ??= block.description;
      for (const [key, comment] of block.keys) {
        const property = schema.properties[key];
        if (property && comment !== '') property.description ??= comment;
      }
    }
  }
  for (const inner of innerSchemas(schema)) describeSchema(inner, blocks);
}

function innerSchemas(schema: JsonSchema): JsonSchema[] {
  const { additionalProperties, items } = schema;
  return [
    ...Object.values(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

/** The block with just these keys, or the two that have them together, as an event and its envelope. */
function blocksOf(schema: JsonSchema, blocks: readonly DocBlock[]): DocBlock[] {
  const keys = Object.keys(schema.properties ?? {});
  const type = schema.properties?.type?.const;
  const parts = blocks.filter(
    (block) =>
      [...block.keys.keys()].every((key) => keys.includes(key)) &&
      (block.literal === undefined || block.literal === type),
  );
  const whole = parts.filter((block) => block.keys.size === keys.length);
  if (whole.length > 0) return whole;
  for (const first of parts) {
    const second = parts.find(
      (other) =>
        first.keys.size + other.keys.size === keys.length &&
        ![...other.keys.keys()].some((key) => first.keys.has(key)),
    );
    if (second) return [first, second];
  }
  return [];
}

/** A schema's type in a few words, for a cell of a Markdown table. */
export function typeText(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeText))].join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeText(schema.items) : 'anything'}`;
  if (schema.type === 'object' && !schema.properties && typeof schema.additionalProperties === 'object') {
    return `object of ${typeText(schema.additionalProperties)}`;
  }
  return schema.type ?? 'anything';
}

export interface Field {
  /** `a.b`, `list[].c`, `map.*.d`. */
  path: string;
  schema: JsonSchema;
  required: boolean;
}

/** Every field of a document, inner ones behind those that hold them. */
export function fieldsOf(schema: JsonSchema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const path = `${prefix}${key}`;
    const own = { path, schema: property, required: schema.required?.includes(key) ?? false };
    return [own, ...insideOf(property, path)];
  });
}

function insideOf(schema: JsonSchema, path: string): Field[] {
  if (schema.properties) return fieldsOf(schema, `${path}.`);
  if (schema.items) return insideOf(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === 'object')
    return insideOf(schema.additionalProperties, `${path}.*`);
  return (schema.anyOf ?? []).flatMap((choice) => insideOf(choice, path));
}
