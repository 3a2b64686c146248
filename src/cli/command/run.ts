import { openEngineAhead } from '../../campaign/engine-ahead.ts';
import type { RunOptions } from '../../campaign/options.ts';
import type { ExitCode } from '../../foundation/error.ts';
import type { CommandInput } from '../command.ts';
import type { OptionValues } from '../options.ts';
import { buildOptions } from './build.ts';

export async function execute({ values, around }: CommandInput): Promise<ExitCode> {
  const options = runOptions(values);
  const isManifestRun = options.manifestFile !== undefined && !options.dryRun;
  const ahead = isManifestRun ? await openEngineAhead(options.engine, around.runner) : undefined;
  const { runCampaign } = await import('../../campaign/run-campaign.ts');
  return (await runCampaign(options, around, ahead)).exitCode;
}

export const runOptions = (values: OptionValues): RunOptions => ({
  ...buildOptions(values),
  manifestFile: values['manifest-file'],
  timeout: values.timeout,
  deadline: values.deadline,
  parallel: values.parallel,
  retries: values.retries,
  strict: values.strict,
  keepAlive: values['keep-alive'],
  keepModelDir: values['keep-model-dir'],
  skipModelRun: values['skip-model-run'],
  ignoreDeprecated: values['ignore-deprecated'],
  toolsConfig: values['tools-config'],
  knownFailures: values['known-failures'],
  junit: values.junit,
  disableSkipGpuArch: values['disable-skip-gpu-arch'],
});
