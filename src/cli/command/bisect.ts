import type { BisectOptions } from '../../campaign/bisect/options.ts';
import type { ExitCode } from '../../foundation/error.ts';
import type { CommandInput } from '../command.ts';
import type { OptionValues } from '../options.ts';
import { runOptions, typedOptions } from './run.ts';

export async function execute({ values, origins, around }: CommandInput): Promise<ExitCode> {
  const options = bisectOptions(values, around);
  if (values.resume === undefined) {
    const { bisectCampaign } = await import('../../campaign/bisect/bisect-campaign.ts');
    return (await bisectCampaign(options, around)).exitCode;
  }
  const { resumeBisect } = await import('../../campaign/bisect/resume-bisect.ts');
  const wish = {
    id: values.resume === 'latest' ? undefined : values.resume,
    output: values.output,
    defaults: options,
    typed: typedOptions(options, origins),
  };
  return (await resumeBisect(wish, around)).exitCode;
}

const bisectOptions = (values: OptionValues, around: CommandInput['around']): BisectOptions => ({
  ...runOptions(values, around),
  over: values.over,
  good: values.good,
  bad: values.bad,
  imageList: values['image-list'],
  metric: values.metric,
  direction: values.direction,
  minDifference: values['min-difference'],
});
