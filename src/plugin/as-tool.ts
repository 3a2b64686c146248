/** A tool of a plugin: an entry of `tools.json` as code, whose scripts lie beside the plugin. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { packagePath, quoted } from '../package/package-path.ts';
import { parseTool, type ToolOfPlugin, type ToolScript } from '../package/tools-config.ts';
import { type PluginSource, sourceText } from './call.ts';
import type { ToolPlugin } from './definition.ts';

/** `path`: of the plugin's file, without links. */
export async function asTool(plugin: ToolPlugin, source: PluginSource, path: string): Promise<ToolOfPlugin> {
  const { api: _, kind: __, name, replaces = false, files = [], ...entry } = plugin;
  const shown = sourceText(source);
  const tool = parseTool(entry, name, shown);
  const place = { folder: dirname(path), inRun: `scripts/plugins/${name}`, shown };
  const brought = (scripts: readonly ToolScript[]): Promise<ToolScript[]> =>
    Promise.all(scripts.map(async (one) => ({ ...one, ...(await besidePlugin(one.path, place)) })));
  const [preScripts, postScripts, more] = await Promise.all([
    brought(tool.preScripts),
    brought(tool.postScripts),
    Promise.all(files.map((file) => besidePlugin(file, place))),
  ]);
  return { tool: { ...tool, preScripts, postScripts, files: more }, shown, replaces };
}

interface Place {
  folder: string;
  /** The folder of the workspace that its files are copied to. */
  inRun: string;
  shown: string;
}

async function besidePlugin(
  written: string,
  { folder, inRun, shown }: Place,
): Promise<{ path: string; from: string }> {
  const path = packagePath(written);
  if (path === undefined) throw outside(shown, written);
  const from = await realpath(join(folder, path)).catch(() => undefined);
  if (from === undefined || !(await stat(from)).isFile()) {
    throw new MadError('INVALID_FILE', `${shown}: there is no file ${quoted(written)} beside it`, {
      hint: 'Paths of scripts and files count from the folder of the plugin.',
    });
  }
  if (!from.startsWith(`${folder}/`)) throw outside(shown, written);
  return { path: `${inRun}/${path}`, from };
}

const outside = (shown: string, written: string): MadError =>
  new MadError('INVALID_FILE', `${shown}: ${quoted(written)} leads out of its folder`, {
    hint: 'Put the file beside the plugin, or below its folder.',
  });
