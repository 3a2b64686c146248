import type { Surroundings } from '../campaign/options.ts';
import type { ExitCode } from '../foundation/error.ts';
import type { OptionOrigin } from './option-spec.ts';
import type { OptionValues } from './options.ts';
import type { Colours } from './terminal/colours.ts';
import type { Output } from './terminal/output.ts';

/** What a command gets: its options, what the core needs, and where its own output goes. */
export interface CommandInput {
  values: OptionValues;
  /** Where each value came from. */
  origins: Readonly<Record<string, OptionOrigin>>;
  /** Words behind the command that are no options. */
  operands: readonly string[];
  around: Surroundings;
  stdout: Output;
  stderr: Output;
  colours: Colours;
}

export interface CommandModule {
  execute(input: CommandInput): Promise<ExitCode>;
}
