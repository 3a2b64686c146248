/** Reads `data.json` in both of its shapes, with the context's `data` laid over it. */
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { invalidFile } from '../foundation/schema-problem.ts';
import {
  type DataNames,
  dataNamesSchema,
  dataSourceSchema,
  providerKinds,
  topSchema,
  type WrittenSource,
} from './data-schema.ts';
import type { DataSource } from './data-source.ts';
import { readPackageJson } from './json-file.ts';
import { controlCharacters, quoted } from './package-path.ts';

export interface DataConfig {
  /** What messages call it, such as `data.json`. */
  file: string;
  names: DataNames;
  mirrorlocal: string | undefined;
  /** Names of providers, in the order in which they are tried: ours, then those of plugins. */
  providers: readonly string[];
  /** What was kept but has no effect, in words, each once. */
  remarks: readonly string[];
}

const hint =
  'It maps names to providers: {"data_sources": {"my_data": {"local": {"path": "/data/my"}, "minio": {"path": "s3://bucket/my"}}}}.';

export interface DataConfigPlaces {
  /** `--data-config`, absolute. */
  file: string | undefined;
  /** The current folder, absolute, then the package's. */
  folders: readonly string[];
  /** `data` of the context. */
  contextData: unknown;
  /** Names of plugins' providers. */
  providers: readonly string[];
}

/**
 * The file that was named, or the first `data.json` of the folders; the names of the context take the place of the
 * file's. undefined when there is neither. Throws INVALID_FILE, FILE_NOT_FOUND for a named file that is missing.
 */
export function readDataConfig({
  file,
  folders,
  contextData,
  providers,
}: DataConfigPlaces): DataConfig | undefined {
  const ofFile = file === undefined ? firstOf(folders, providers) : named(file, providers);
  const ofContext = isEmpty(contextData)
    ? undefined
    : parseDataConfig(contextData, 'data of the context', providers);
  if (!ofFile || !ofContext) return ofFile ?? ofContext;
  return {
    file: `${ofFile.file} and data of the context`,
    names: { ...ofFile.names, ...ofContext.names },
    mirrorlocal: ofContext.mirrorlocal ?? ofFile.mirrorlocal,
    providers: ofFile.providers,
    remarks: [...ofFile.remarks, ...ofContext.remarks],
  };
}

function firstOf(folders: readonly string[], providers: readonly string[]): DataConfig | undefined {
  for (const folder of folders) {
    const data = readPackageJson(join(folder, 'data.json'), 'data.json');
    if (data !== undefined) return parseDataConfig(data, 'data.json', providers);
  }
  return undefined;
}

function named(file: string, providers: readonly string[]): DataConfig {
  const data = readPackageJson(file, file);
  if (data !== undefined) return parseDataConfig(data, file, providers);
  throw new MadError('FILE_NOT_FOUND', `There is no file ${quoted(file)}`, {
    hint: 'Correct --data-config.',
  });
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);

/** Throws INVALID_FILE with the path of the key. */
export function parseDataConfig(data: unknown, file: string, more: readonly string[] = []): DataConfig {
  const providers = [...new Set([...providerKinds, ...more])];
  const { names: written, top } = split(data);
  const head = topSchema.safeParse(top);
  if (!head.success) throw invalidFile(file, head.error, top, hint);
  const result = dataNamesSchema.safeParse(written);
  if (!result.success) throw invalidFile(file, result.error, written, hint);
  checkSources(file, result.data, more);
  return {
    file,
    names: result.data,
    mirrorlocal: head.data.mirrorlocal,
    providers,
    remarks: remarksOn(result.data, Object.keys(top), providers).map((words) => `${file}: ${words}`),
  };
}

/** Entries of plugins' providers have the same keys; the schema of the file knows only ours. */
function checkSources(file: string, names: DataNames, kinds: readonly string[]): void {
  for (const [name, sources] of Object.entries(names)) {
    for (const kind of kinds) {
      if (!Object.hasOwn(sources, kind)) continue;
      const result = dataSourceSchema.safeParse(sources[kind]);
      if (!result.success)
        throw invalidFile(`${file}, ${kind} of ${quoted(name)}`, result.error, sources[kind], hint);
    }
  }
}

/** A text at the top named `mirrorlocal` is the one thing there that is no name (the seed's own example has it so). */
function split(data: unknown): { names: unknown; top: Record<string, unknown> } {
  if (!isObject(data)) return { names: data, top: {} };
  if (Object.hasOwn(data, 'data_sources')) {
    const { data_sources: names, ...top } = data;
    return { names, top };
  }
  if (typeof data.mirrorlocal !== 'string') return { names: data, top: {} };
  const { mirrorlocal, ...names } = data;
  return { names, top: { mirrorlocal } };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const sourceKeys = ['path', 'home', 'readwrite', 'mirrorlocal', 'args'];

function remarksOn(names: DataNames, top: readonly string[], providers: readonly string[]): string[] {
  const remarks = top
    .filter((key) => key !== 'mirrorlocal')
    .map((key) => unknown(`${quoted(key)} beside data_sources`, key, ['data_sources', 'mirrorlocal']));
  for (const [name, sources] of Object.entries(names)) {
    for (const [kind, source] of Object.entries(sources)) {
      if (kind === 'mirrorlocal') continue;
      if (!providers.includes(kind)) {
        const known = [...providers, 'mirrorlocal'];
        remarks.push(unknown(`provider ${quoted(kind)} of ${quoted(name)}`, kind, known));
      } else if (isObject(source)) {
        remarks.push(
          ...Object.keys(source)
            .filter((key) => !sourceKeys.includes(key))
            .map((key) => unknown(`key ${quoted(key)} of ${quoted(name)}, ${kind}`, key, sourceKeys)),
        );
      }
    }
  }
  return remarks;
}

function unknown(what: string, key: string, known: readonly string[]): string {
  const near = nearestNames(key, known, 1)[0];
  return `${what} has no effect: madengine doesn't know it${near === undefined ? '' : ` (did you mean ${near}?)`}`;
}

/** The names of a card's `data`, in their order; each once. */
export const dataNamesOf = (data: string): string[] => [
  ...new Set(
    data
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];

/**
 * The sources of one name, in the order in which they are tried. `force` (`--force-mirror-local`) is the mirror of all
 * that aren't local. None for an empty entry (`{}`): what the model gets by itself. Throws INVALID_FILE for a name that
 * isn't there or names only providers that nobody knows.
 */
export function sourcesOf(name: string, config: DataConfig, force: string | undefined): DataSource[] {
  const sources = Object.hasOwn(config.names, name) ? config.names[name] : undefined;
  if (controlCharacters.test(name) || !sources) throw unknownName(name, config);
  const found = config.providers.flatMap((kind) => {
    const written = Object.hasOwn(sources, kind) ? (sources[kind] as WrittenSource | undefined) : undefined;
    if (written === undefined) return [];
    return [
      sourceOf(
        name,
        kind,
        written,
        force ?? written.mirrorlocal ?? sources.mirrorlocal ?? config.mirrorlocal,
      ),
    ];
  });
  const isEmpty = Object.keys(sources).every((key) => key === 'mirrorlocal');
  if (found.length > 0 || isEmpty) return found;
  throw new MadError(
    'INVALID_FILE',
    `${config.file}: ${quoted(name)} names no provider that madengine knows`,
    {
      hint: `Give it one of ${config.providers.join(', ')}.`,
    },
  );
}

/** What is wrong with the `data` of a card as far as the files tell; undefined when they know all of its names. */
export function checkNames(
  data: string,
  places: DataConfigPlaces,
  force: string | undefined,
): MadError | undefined {
  try {
    const config = readDataConfig(places);
    if (!config) return noDataFile(data);
    for (const name of dataNamesOf(data)) sourcesOf(name, config, force);
    return undefined;
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
}

export const noDataFile = (data: string): MadError =>
  new MadError('FILE_NOT_FOUND', `the card asks for data ${quoted(data)}, and there is no data.json`, {
    hint: 'Put a data.json into the package, or name a file with --data-config.',
  });

function sourceOf(
  name: string,
  kind: string,
  written: WrittenSource,
  mirror: string | undefined,
): DataSource {
  // Data of this machine has no mirror; one that is asked for all the same is told by its provider.
  const mirrorlocal = kind === 'local' ? written.mirrorlocal : mirror;
  return {
    name,
    kind,
    path: written.path,
    ...(written.home === undefined ? {} : { home: written.home }),
    readwrite: /^true$/i.test(String(written.readwrite ?? false)),
    ...(mirrorlocal === undefined ? {} : { mirrorlocal }),
    args: String(written.args ?? ''),
  };
}

function unknownName(name: string, config: DataConfig): MadError {
  const known = Object.keys(config.names);
  const near = nearestNames(name, known).map(quoted);
  return new MadError('INVALID_FILE', `${config.file} has no data named ${quoted(name)}`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.join(', ')}?`
        : known.length > 0
          ? `It has ${known.slice(0, 10).map(quoted).join(', ')}.`
          : 'It names no data at all.',
  });
}
