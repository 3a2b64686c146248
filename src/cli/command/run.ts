import { openEngineAhead } from '../../campaign/engine-ahead.ts';
import type { RunOptions, Surroundings } from '../../campaign/options.ts';
import { type ExitCode, MadError } from '../../foundation/error.ts';
import type { CommandInput } from '../command.ts';
import type { OptionValues } from '../options.ts';
import { unlessUsual } from '../usual-file.ts';
import { buildOptions } from './build.ts';

export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, around } = input;
  if (values.resume !== undefined) return resume(values.resume, input);
  if (values['rerun-failed']) {
    throw new MadError('INVALID_ARGUMENT', '--rerun-failed goes with --resume', {
      hint: 'Name the campaign whose failures are to be run again: --resume ID --rerun-failed.',
    });
  }
  const options = runOptions(values, around);
  const isManifestRun = options.manifestFile !== undefined && !options.dryRun;
  const ahead = isManifestRun ? await openEngineAhead(options.engine, around.runner) : undefined;
  const { runCampaign } = await import('../../campaign/run-campaign.ts');
  return (await runCampaign(options, around, { ahead })).exitCode;
}

async function resume(id: string, { values, origins, around }: CommandInput): Promise<ExitCode> {
  const { resumeCampaign } = await import('../../campaign/again/resume-campaign.ts');
  const options = runOptions(values, around);
  const outcome = await resumeCampaign(
    {
      id: id === 'latest' ? undefined : id,
      output: values.output,
      rerunFailed: values['rerun-failed'],
      defaults: options,
      typed: typedOptions(options, origins),
    },
    around,
  );
  return outcome.exitCode;
}

/** Those that stand on the command line. */
export const typedOptions = <T extends object>(options: T, origins: CommandInput['origins']): Partial<T> =>
  // A part of the options has the types of the options.
  Object.fromEntries(
    Object.entries(options).filter(([key]) => origins[dashed(key)] === 'option'),
  ) as Partial<T>;

/** `keepAlive` is the option `keep-alive`. */
const dashed = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const runOptions = (
  values: OptionValues,
  around: Pick<Surroundings, 'projectPlugins'>,
): RunOptions => ({
  ...buildOptions(values, around),
  manifestFile: values['manifest-file'],
  timeout: values.timeout,
  deadline: values.deadline,
  parallel: values.parallel,
  retries: values.retries,
  repeat: values.repeat,
  warmup: values.warmup,
  precision: values.precision,
  maxRepeats: values['max-repeats'],
  strict: values.strict,
  keepAlive: values['keep-alive'],
  keepModelDir: values['keep-model-dir'],
  skipModelRun: values['skip-model-run'],
  prefetch: values.prefetch,
  pruneImages: values['prune-images'],
  ignoreDeprecated: values['ignore-deprecated'],
  toolsConfig: unlessUsual(values['tools-config'], 'scripts/common/tools.json'),
  knownFailures: values['known-failures'],
  junit: values.junit,
  report: values.report,
  target: values.target,
  disableSkipGpuArch: values['disable-skip-gpu-arch'],
});
