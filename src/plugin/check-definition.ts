/** What a plugin's file exports, checked before anything of it is used. */
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { quoted } from '../package/package-path.ts';
import { kindOf } from './call.ts';
import { apiVersion, type Plugin, type PluginKind, pluginKinds } from './definition.ts';

interface FieldRule {
  /** Ends the sentence "expected …". */
  what: string;
  required?: true;
  fits(value: unknown): boolean;
}

type Fields = Readonly<Record<string, FieldRule>>;

const isList = (value: unknown, each: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(each);
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0');

const method: FieldRule = { what: 'a function', fits: (value) => typeof value === 'function' };
const needed: FieldRule = { ...method, required: true };
const texts: FieldRule = { what: 'a list of texts', fits: (value) => isList(value, isText) };
const absolutePaths: FieldRule = {
  what: 'a list of absolute paths',
  fits: (value) => isList(value, (item) => isText(item) && item.startsWith('/')),
};
const variableNames: FieldRule = {
  what: 'a list of names of variables',
  fits: (value) => isList(value, (item) => isText(item) && /^[A-Za-z_]\w*$/.test(item)),
};
/** Looked at by the reader of `tools.json`. */
const ofTool: FieldRule = { what: '', fits: () => true };

const fieldsOf: Readonly<Record<PluginKind, Fields>> = {
  vendor: { programs: texts, files: absolutePaths, detect: needed },
  provider: { credentials: texts, variables: variableNames, check: needed, version: method, fetch: needed },
  tool: {
    ...{ description: ofTool, cmd: ofTool, env_vars: ofTool, pre_scripts: ofTool, post_scripts: ofTool },
    ...{ requires: ofTool, outputs: ofTool, files: texts },
  },
  launcher: { launch: needed },
  target: { credentials: texts, variables: variableNames, place: needed },
  report: { render: needed },
};

const lowerCase = { pattern: /^[a-z][a-z0-9_-]{0,40}$/, what: 'small letters, digits, - and _' };
const nameOf: Readonly<Record<PluginKind, { pattern: RegExp; what: string }>> = {
  vendor: { pattern: /^[A-Z][A-Z0-9_]{0,40}$/, what: 'capital letters, digits and _' },
  provider: lowerCase,
  tool: { pattern: /^\w[\w.+-]{0,60}$/, what: 'letters, digits, -, +, . and _' },
  launcher: lowerCase,
  target: lowerCase,
  report: lowerCase,
};

/** What stands in messages as the place: the file, and which of several definitions. */
type Where = string;

/** The definitions of a file's default export. Throws INVALID_FILE with the key and what was expected. */
export function definitionsIn(exported: unknown, file: string): Plugin[] {
  if (exported === undefined) {
    throw new MadError('INVALID_FILE', `${file} has no default export`, {
      hint: 'Write `export default { api: 1, kind: "launcher", name: "…", … };`, or a list of such.',
    });
  }
  const list = Array.isArray(exported) ? exported : [exported];
  if (list.length === 0) throw wrong(file, 'the default export', 'at least one definition', []);
  return list.map((item: unknown, index) =>
    checked(item, list.length === 1 ? file : `${file}, no. ${index + 1}`),
  );
}

function checked(item: unknown, where: Where): Plugin {
  if (typeof item !== 'object' || item === null) throw wrong(where, 'the default export', 'an object', item);
  const written = item as Readonly<Record<string, unknown>>;
  const { api, kind, name, replaces = false } = written;
  if (api !== apiVersion) throw wrongApi(where, api);
  if (!isKind(kind)) throw wrong(where, 'kind', `one of ${pluginKinds.join(', ')}`, kind);
  const { pattern, what } = nameOf[kind];
  if (typeof name !== 'string' || !pattern.test(name)) {
    throw wrong(where, 'name', `the name of a ${kind}: ${what}`, name);
  }
  if (typeof replaces !== 'boolean') throw wrong(where, 'replaces', 'true or false', replaces);
  checkFields(written, fieldsOf[kind], where);
  if (kind === 'vendor' && emptyList(written.programs) && emptyList(written.files)) {
    throw wrong(where, 'programs', 'programs or files that show that such GPUs may be here', undefined);
  }
  // All that this type says was looked at above.
  return item as Plugin;
}

const isKind = (kind: unknown): kind is PluginKind => pluginKinds.some((one) => one === kind);
const emptyList = (value: unknown): boolean => !Array.isArray(value) || value.length === 0;

function checkFields(written: Readonly<Record<string, unknown>>, fields: Fields, where: Where): void {
  const known = ['api', 'kind', 'name', 'replaces', ...Object.keys(fields)];
  for (const key of Object.keys(written)) {
    if (known.includes(key)) continue;
    const near = nearestNames(key, known, 1)[0];
    throw new MadError('INVALID_FILE', `${where}: ${quoted(key)} is no key of a ${String(written.kind)}`, {
      hint: near === undefined ? `Its keys: ${known.join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  for (const [key, { what, required, fits }] of Object.entries(fields)) {
    const value = written[key];
    if (value === undefined ? required : !fits(value)) throw wrong(where, key, what, value);
  }
}

function wrongApi(where: Where, api: unknown): MadError {
  const isNewer = typeof api === 'number' && api > apiVersion;
  return new MadError('INVALID_FILE', `${where}: api: expected ${apiVersion}, found ${kindOf(api)}`, {
    hint: isNewer
      ? 'It was written for a newer madengine: install that.'
      : `Write api: ${apiVersion}, the version of the plugin interface that it was written for.`,
  });
}

const wrong = (where: Where, key: string, expected: string, found: unknown): MadError =>
  new MadError('INVALID_FILE', `${where}: ${key}: expected ${expected}, found ${kindOf(found)}`, {
    hint: 'docs/plugins.md shows one of each kind.',
  });
