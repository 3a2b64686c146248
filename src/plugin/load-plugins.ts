/** From the names of files to what their plugins add to a campaign. */
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gpuVendors } from '../context/key-rules.ts';
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import type { Secret } from '../foundation/secret.ts';
import type { CommandRunner } from '../machine/command/command.ts';
import type { Vendor } from '../machine/device/detect.ts';
import { providerKinds } from '../package/data-schema.ts';
import { packagePath, quoted } from '../package/package-path.ts';
import type { ToolOfPlugin } from '../package/tools-config.ts';
import type { Report } from '../record/report.ts';
import { reportNames } from '../record/reports.ts';
import type { DataProvider } from '../run/data/provider.ts';
import type { Launcher } from '../stage/launcher/launcher.ts';
import { takenLauncherNames } from '../stage/launcher/registry.ts';
import type { Target } from '../target/target.ts';
import { asLauncher } from './as-launcher.ts';
import { asProvider } from './as-provider.ts';
import { asReport } from './as-report.ts';
import { asVendor } from './as-vendor.ts';
import { type PluginSource, pluginError, sourceText } from './call.ts';
import { definitionsIn } from './check-definition.ts';
import type { Plugin, PluginKind, TargetPlugin } from './definition.ts';
import { importPlugin } from './import-file.ts';
import { noteLoaded } from './loaded-files.ts';
import { secretsOf } from './plugin-around.ts';
import type { PluginSet } from './plugin-set.ts';

export interface PluginFiles {
  /** `--plugin`, as typed. */
  named: readonly string[];
  /** Of the package's project file; only files of the package. */
  ofPackage: readonly string[];
}

export interface LoadAround {
  /** Absolute: the package's folder. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  runner: CommandRunner;
}

/** What makes targets of plugins' targets; builds have none, and load nothing that runs models. */
export interface TargetMaking {
  targetNames: readonly string[];
  asTarget(plugin: TargetPlugin, source: PluginSource): Target;
}

interface Loaded {
  plugin: Plugin;
  source: PluginSource;
  /** Without links. */
  path: string;
  sha256: string;
}

/**
 * Throws FILE_NOT_FOUND for a file that isn't there, INVALID_FILE for one that can't be used or a name that is taken,
 * PLUGIN_FAILED for what a plugin throws while it is loaded.
 */
export async function loadPlugins(
  files: PluginFiles,
  around: LoadAround,
  targets?: TargetMaking,
): Promise<PluginSet> {
  const found = new Map<string, string>();
  for (const file of files.ofPackage) found.set(await pathOf(file, 'package', around.cwd), file);
  for (const file of files.named) {
    const path = await pathOf(file, '--plugin', around.cwd);
    if (!found.has(path)) found.set(path, file);
  }
  const loaded: Loaded[] = [];
  // In the order in which they are named, so that mistakes are told in a steady order, too.
  for (const [path, file] of found) loaded.push(...(await pluginsOf(path, file, around)));
  refuseTaken(loaded, targets?.targetNames ?? []);
  return setOf(loaded, around, targets);
}

async function pathOf(file: string, from: 'package' | '--plugin', cwd: string): Promise<string> {
  const where = from === 'package' ? 'plugins of madengine.config.json' : '--plugin';
  const named = `${where}: ${quoted(file)}`;
  if (from === 'package' && packagePath(file) === undefined) throw outside(named);
  if (!/\.(?:mjs|ts)$/.test(file)) {
    throw new MadError('INVALID_FILE', `${named} is neither .mjs nor .ts`, {
      hint: 'A plugin is one file: an ES module (.mjs), or TypeScript (.ts) that needs no more than its types taken out.',
    });
  }
  const path = await realpath(resolve(cwd, file)).catch(() => undefined);
  if (path === undefined || !(await stat(path)).isFile()) {
    throw new MadError('FILE_NOT_FOUND', `${named}: there is no such file`, {
      hint: `Paths count from ${from === 'package' ? 'the folder of the package' : 'the current folder'}.`,
    });
  }
  if (from === 'package' && !path.startsWith(`${await realpath(cwd)}/`)) throw outside(named);
  return path;
}

const outside = (named: string): MadError =>
  new MadError('INVALID_FILE', `${named} leads out of the package`, {
    hint: 'Put the file into the package, or name it with --plugin.',
  });

async function pluginsOf(path: string, file: string, around: LoadAround): Promise<Loaded[]> {
  const { href: url } = pathToFileURL(path);
  noteLoaded(url, file);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const { exported } = await importPlugin(path, file, around);
  try {
    return definitionsIn(exported, file).map((plugin) => ({
      ...{ plugin, path, sha256 },
      source: { kind: plugin.kind, name: plugin.name, file, url },
    }));
  } catch (thrown) {
    if (thrown instanceof MadError) throw thrown;
    // Keys that are functions in disguise may throw.
    throw pluginError({ kind: 'plugin', name: '', file, url }, 'its definition', thrown);
  }
}

/** Names of ours. Those of tools are looked at when the package's are known. */
const taken: Readonly<Record<Exclude<PluginKind, 'target'>, readonly string[]>> = {
  vendor: gpuVendors,
  provider: [...providerKinds, 'mirrorlocal'],
  tool: [],
  launcher: takenLauncherNames,
  report: reportNames,
};

/** What more depends on than their file. */
const irreplaceable: ReadonlySet<string> = new Set([
  'vendor NONE',
  'provider custom',
  'provider local',
  'provider mirrorlocal',
  'launcher docker',
  'target local',
]);

function refuseTaken(loaded: readonly Loaded[], targets: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const { plugin, source } of loaded) {
    const key = `${plugin.kind} ${plugin.name}`;
    const other = seen.get(key);
    if (other !== undefined) {
      throw new MadError('INVALID_FILE', `${sourceText(source)}: ${other} has that name, too`, {
        hint: 'Name one of the two files only, or rename one of the plugins.',
      });
    }
    seen.set(key, source.file);
    const ours = plugin.kind === 'target' ? targets : taken[plugin.kind];
    if (!ours.includes(plugin.name)) continue;
    if (irreplaceable.has(key)) throw nameTaken(source, 'Give it another name.');
    if (plugin.replaces !== true) {
      throw nameTaken(source, 'Give it another name, or write `replaces: true` to take the place of ours.');
    }
  }
}

const nameTaken = (source: PluginSource, hint: string): MadError =>
  new MadError('INVALID_FILE', `${sourceText(source)}: madengine has a ${source.kind} of that name`, {
    hint,
  });

interface Growing {
  vendors: Vendor[];
  secrets: Secret[];
  providers: Map<string, DataProvider>;
  tools: Map<string, ToolOfPlugin>;
  launchers: Map<string, Launcher>;
  targets: Map<string, Target>;
  reports: Map<string, Report>;
}

async function setOf(
  loaded: readonly Loaded[],
  around: LoadAround,
  targets: TargetMaking | undefined,
): Promise<PluginSet> {
  const tools = new Map<string, ToolOfPlugin>();
  const set: Growing = {
    ...{ vendors: [], secrets: [] },
    ...{ providers: new Map(), tools, launchers: new Map(), targets: new Map(), reports: new Map() },
  };
  for (const { plugin, source, path } of loaded) {
    switch (plugin.kind) {
      case 'vendor':
        set.vendors.push(asVendor(plugin, source, around));
        break;
      case 'provider':
        set.providers.set(plugin.name, asProvider(plugin, source));
        set.secrets.push(...secretsOf(plugin, around.env));
        break;
      case 'tool':
        tools.set(plugin.name, await (await import('./as-tool.ts')).asTool(plugin, source, path));
        break;
      case 'launcher':
        set.launchers.set(plugin.name, asLauncher(plugin, source));
        break;
      case 'target':
        if (targets) set.targets.set(plugin.name, targets.asTarget(plugin, source));
        set.secrets.push(...secretsOf(plugin, around.env));
        break;
      case 'report':
        set.reports.set(plugin.name, asReport(plugin, source, around));
        break;
    }
  }
  const names = loaded.map(({ source: { kind, name, file }, sha256 }) => ({ kind, name, file, sha256 }));
  return {
    ...set,
    names: { vendors: set.vendors.map(({ name }) => name), launchers: [...set.launchers.keys()] },
    loaded: names,
    shown: `plugins: ${names.map(({ kind, name, file }) => `${kind} ${name} (${file})`).join(', ')}`,
  };
}
