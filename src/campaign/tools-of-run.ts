import type { Context } from '../context/context.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import type { RunOptions, Surroundings } from './options.ts';

/**
 * What the context's `tools` ask for, from the package's tools and ours; undefined, and nothing loaded, where they ask for
 * nothing. Throws INVALID_ARGUMENT for a tool that nobody knows, FILE_NOT_FOUND and INVALID_FILE for `--tools-config`.
 */
export async function toolsOfRun(
  context: Context,
  options: Pick<RunOptions, 'toolsConfig'>,
  packageDir: string,
  around: Pick<Surroundings, 'cwd' | 'events' | 'plugins'>,
): Promise<ToolChain | undefined> {
  const { tools } = context.values;
  const isEmpty = tools === undefined || tools === null || (Array.isArray(tools) && tools.length === 0);
  if (isEmpty && options.toolsConfig === undefined) return undefined;
  const [{ readTools }, { toolChain, wantedTools }] = await Promise.all([
    import('../package/tools-config.ts'),
    import('../stage/tool-chain.ts'),
  ]);
  const uses = wantedTools(context);
  const table = await readTools({
    packageDir,
    toolsConfig: options.toolsConfig,
    cwd: around.cwd,
    wanted: uses.map(({ name }) => name),
    ...(around.plugins ? { plugins: around.plugins.tools } : {}),
  });
  for (const message of table.warnings)
    around.events.emit({ type: 'notice', level: 'warning', code: 'TOOLS_FILE', message });
  return uses.length === 0 ? undefined : toolChain(uses, table.tools);
}
