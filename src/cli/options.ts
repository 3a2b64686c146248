import type { OptionSpec, ValuesOf } from './option-spec.ts';
import { bisectOptions } from './options/bisect.ts';
import { buildOptions } from './options/build.ts';
import { campaignOptions } from './options/campaigns.ts';
import { globalOptions } from './options/global.ts';
import { modelOptions } from './options/models.ts';
import { resultOptions } from './options/results.ts';
import { runOptions } from './options/run.ts';
import { surroundingOptions } from './options/surroundings.ts';

/** Every option of both programs, in the order in which help and documentation show them. */
export const options = [
  ...modelOptions,
  ...buildOptions,
  ...bisectOptions,
  ...runOptions,
  ...surroundingOptions,
  ...resultOptions,
  ...campaignOptions,
  ...globalOptions,
] as const satisfies readonly OptionSpec[];

export type OptionValues = ValuesOf<typeof options>;
