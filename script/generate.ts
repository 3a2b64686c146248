/**
 * Writes what is made from the sources: `schema/*.json`, the reference pages in `docs/`, and the record as plugins see it.
 * With `--check`, writes nothing and fails when one of them is not what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { eventSchema } from '../src/foundation/event-schema.ts';
import { batchSchema } from '../src/manifest/batch-schema.ts';
import { manifestSchema } from '../src/manifest/manifest-schema.ts';
import { cardSchema, distributedSchema } from '../src/package/card-schema.ts';
import { credentialSchema } from '../src/package/credential-schema.ts';
import { dataFileSchema } from '../src/package/data-schema.ts';
import { toolsSchema } from '../src/package/tools-config.ts';
import { bisectSchema } from '../src/record/campaign/bisect-schema.ts';
import { campaignSchema } from '../src/record/campaign/campaign-schema.ts';
import { knownFailuresSchema } from '../src/record/known-failure-schema.ts';
import { ownColumns, referenceColumns } from '../src/record/perf/perf-row.ts';
import { recordSchema } from '../src/record/record-schema.ts';
import { type DocBlock, docBlocks } from './lib/doc-comments.ts';
import { describeSchema, fieldsOf, type JsonSchema, typeText } from './lib/json-schema.ts';
import { generatedNote, markdownTable } from './lib/markdown.ts';
import { optionsPage, optionsSchema, projectSchema } from './lib/option-docs.ts';
import { interfaceOf } from './lib/schema-types.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Document {
  name: string;
  title: string;
  description: string;
  schema: z.core.$ZodType;
  /** Source files whose doc comments describe it. */
  sources: readonly string[];
  /** An interface with the same keys whose comments describe it, too. */
  describedBy?: string;
}

const documents: readonly Document[] = [
  {
    name: 'card',
    title: 'Model card',
    description:
      'One entry of `models.json`, or of what a `get_models_json` file gives. Further keys are kept.',
    schema: cardSchema,
    sources: ['src/package/card-schema.ts', 'src/package/card.ts'],
    describedBy: 'ModelCard',
  },
  {
    name: 'credential',
    title: 'Credentials',
    description:
      "`credential.json`: logins by the name of a credential (a card's `cred`), of a registry, or of a service. Keys may be in upper or lower case; [Credentials](credentials.md) tells by task what goes where.",
    schema: credentialSchema,
    sources: ['src/package/credential-schema.ts'],
  },
  {
    name: 'manifest',
    title: 'Build manifest',
    description:
      '`build_manifest.json`: everything that a machine needs to run what was built. Further keys are kept.',
    schema: manifestSchema,
    sources: ['src/manifest/manifest-schema.ts', 'src/package/snapshot-schema.ts'],
  },
  {
    name: 'batch',
    title: 'Batch manifest',
    description:
      'The file of `build --batch-manifest`: a list of models to build anew or to take as they are. Unknown keys are errors.',
    schema: batchSchema,
    sources: ['src/manifest/batch-schema.ts'],
  },
  {
    name: 'data',
    title: 'Data',
    description:
      '`data.json`: where the data of models can be had, see [Data](data.md). Names may also stand at the top, without `data_sources`. Unknown keys are kept and told.',
    schema: dataFileSchema,
    sources: ['src/package/data-schema.ts'],
  },
  {
    name: 'record',
    title: 'Run record',
    description:
      '`record.json`: everything that happened in one attempt at one job. It never changes once it is final.',
    schema: recordSchema,
    sources: ['src/record/record-schema.ts'],
  },
  {
    name: 'known-failures',
    title: 'Known failures',
    description:
      'The file of `run --known-failures`: a list of models that are known to fail. Unknown keys are errors.',
    schema: knownFailuresSchema,
    sources: ['src/record/known-failure-schema.ts'],
  },
  {
    name: 'tools',
    title: 'Tools',
    description:
      '`scripts/common/tools.json` of a package and the file of `--tools-config`: tools by their names. Further keys are told once.',
    schema: toolsSchema,
    sources: ['src/package/tools-config.ts'],
  },
  {
    name: 'campaign',
    title: 'Campaign',
    description: '`campaign.json`: who runs a campaign, and how it ended.',
    schema: campaignSchema,
    sources: ['src/record/campaign/campaign-schema.ts'],
  },
  {
    name: 'bisect',
    title: 'Bisect',
    description: '`bisect.json`: the log of a `bisect`, see [Bisect](bisect.md).',
    schema: bisectSchema,
    sources: ['src/record/campaign/bisect-schema.ts'],
  },
  {
    name: 'events',
    title: 'Event',
    description: 'One line of `--json`. Readers ignore types and fields that they do not know.',
    schema: eventSchema,
    sources: ['src/foundation/event-schema.ts'],
  },
];

async function jsonSchema(document: Document): Promise<JsonSchema> {
  const texts = await Promise.all(document.sources.map((file) => readFile(join(root, file), 'utf8')));
  const blocks = texts.flatMap(docBlocks);
  const made = z.toJSONSchema(document.schema, {
    ...{ io: 'input', unrepresentable: 'any' },
    // Launchers of plugins have a block of settings by their name; which names there are, no schema knows.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === distributedSchema) jsonSchema.additionalProperties = { type: 'object' };
    },
  }) as JsonSchema;
  describeSchema(made, blocks);
  overlay(
    made,
    blocks.find(({ name }) => name === document.describedBy),
  );
  return headed(document.name, document.title, document.description, made);
}

function headed(name: string, title: string, description: string, schema: JsonSchema): JsonSchema {
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return { ...{ $schema, $id: `urn:madengine:schema:${name}`, title, description }, ...schema, $schema };
}

function overlay(schema: JsonSchema, block: DocBlock | undefined): void {
  for (const [key, comment] of block?.keys ?? []) {
    const property = schema.properties?.[key];
    if (property && comment !== '') property.description ??= comment;
  }
}

function formatsPage(schemas: ReadonlyMap<string, JsonSchema>): string {
  const sections = [...schemas]
    .filter(([name]) => name !== 'events')
    .map(([name, schema]) => {
      const note = `Schema: [\`schema/${name}.json\`](../schema/${name}.json).`;
      return `## ${schema.title}\n\n${schema.description}\n\n${note}\n\n${fieldTable(schema)}\n`;
    });
  return `${generatedNote}
# Formats

The files that madengine reads and writes. Events have [a page of their own](events.md), options [too](options.md).

${sections.join('\n')}
## perf.csv

One row for each metric of a run, and one for a run without any. Columns are found by name, and columns that a file has
besides are kept. Those of the Python tool come first, with their meaning:

${referenceColumns.map((name) => `\`${name}\``).join(', ')}.

Ours stand behind them: ${ownColumns.map((name) => `\`${name}\``).join(', ')}.
`;
}

function fieldTable(schema: JsonSchema): string {
  const rows = fieldsOf(schema).map(({ path, schema: field, required }) => [
    `\`${path}\``,
    typeText(field),
    required ? 'yes' : '',
    field.description ?? '',
  ]);
  return markdownTable(['Field', 'Type', 'Required', 'Meaning'], rows);
}

function eventsPage(schema: JsonSchema): string {
  const types = schema.oneOf ?? [];
  const shared = Object.keys(types[0]?.properties ?? {});
  const envelope = shared.slice(0, shared.indexOf('type'));
  const only = (one: JsonSchema, wanted: (key: string) => boolean): JsonSchema => ({
    ...one,
    properties: Object.fromEntries(Object.entries(one.properties ?? {}).filter(([key]) => wanted(key))),
  });
  const sections = types.map((one) => {
    const fields = only(one, (key) => key !== 'type' && !envelope.includes(key));
    const body = fieldsOf(fields).length === 0 ? '' : `\n${fieldTable(fields)}\n`;
    return `### ${one.properties?.type?.const}\n\n${one.description ?? ''}\n${body}`;
  });
  return `${generatedNote}
# Events

\`--json\` writes one JSON object a line to standard output, as things happen; everything else goes to standard error.
An error that ends the command is the last line, also where the command line itself could not be read. \`discover\` and \`runs\`
answer with one JSON value instead; in place of an answer that can't be given stands the error event.
Readers ignore types and fields that they don't know: new ones may come without a new \`v\`. Every text is scrubbed of
secrets. Schema: [\`schema/events.json\`](../schema/events.json).

## Every event

${fieldTable(only(types[0] ?? {}, (key) => envelope.includes(key)))}

## Types

${sections.join('\n')}`;
}

/** For plugins, whose authors have no zod. */
const recordTypes = (schema: JsonSchema): string =>
  `// Made by \`npm run generate\` from src/record/record-schema.ts.\n\n${interfaceOf('RunRecord', schema)}`;

const schemas = new Map<string, JsonSchema>();
for (const document of documents) schemas.set(document.name, await jsonSchema(document));

const files = new Map<string, string>();
for (const [name, schema] of schemas)
  files.set(`schema/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`);
const optionsDocument = headed(
  'options',
  'Options',
  'The options of each command, by their long names.',
  optionsSchema(),
);
const projectDocument = headed(
  'project',
  'Project file',
  '`madengine.config.json` at the root of a package: defaults for options by their long names, and context.',
  projectSchema(),
);
files.set('schema/project.json', `${JSON.stringify(projectDocument, null, 2)}\n`);
files.set('schema/options.json', `${JSON.stringify(optionsDocument, null, 2)}\n`);
files.set('src/plugin/run-record.ts', recordTypes(schemas.get('record') ?? {}));
files.set('docs/options.md', `${optionsPage().trimEnd()}\n`);
files.set('docs/formats.md', formatsPage(schemas));
files.set('docs/events.md', eventsPage(schemas.get('events') ?? {}));

const stale: string[] = [];
for (const [file, content] of files) {
  const path = join(root, file);
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) continue;
  stale.push(file);
  if (process.argv.includes('--check')) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
if (process.argv.includes('--check')) {
  for (const file of stale) console.log(`${file} is not what \`npm run generate\` writes`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else console.log(stale.length === 0 ? 'nothing has changed' : `wrote ${stale.join(', ')}`);
