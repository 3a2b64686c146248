import type { BuildOptions, Surroundings } from '../../campaign/options.ts';
import type { ExitCode } from '../../foundation/error.ts';
import type { CommandInput } from '../command.ts';
import type { OptionValues } from '../options.ts';
import { unlessUsual } from '../usual-file.ts';

export async function execute({ values, around }: CommandInput): Promise<ExitCode> {
  const { buildCampaign } = await import('../../campaign/build/build-campaign.ts');
  return (await buildCampaign(buildOptions(values, around), around)).exitCode;
}

export const buildOptions = (
  values: OptionValues,
  { projectPlugins = [] }: Pick<Surroundings, 'projectPlugins'>,
): BuildOptions => ({
  tags: values.tags,
  additionalContext: values['additional-context'],
  additionalContextFile: values['additional-context-file'],
  batchManifest: values['batch-manifest'],
  targetArchs: values['target-archs'],
  useImage: values['use-image'],
  registry: values.registry,
  cleanDockerCache: values['clean-docker-cache'],
  manifestOutput: values['manifest-output'],
  summaryOutput: values['summary-output'],
  dataConfig: unlessUsual(values['data-config'], 'data.json'),
  forceMirrorLocal: values['force-mirror-local'],
  liveOutput: values['live-output'],
  output: values.output,
  package: values.package,
  jobs: values.jobs,
  engine: values.engine,
  sysEnvDetails: values['sys-env-details'],
  plugin: values.plugin,
  packagePlugins: projectPlugins,
  dryRun: values['dry-run'],
});
