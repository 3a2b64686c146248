import { reproduce } from '../../campaign/again/reproduce-campaign.ts';
import type { RunOptions } from '../../campaign/options.ts';
import type { ExitCode } from '../../foundation/error.ts';
import { plainComparison } from '../../record/compare/comparison-json.ts';
import type { CommandInput } from '../command.ts';
import { comparisonLines } from '../terminal/comparison-text.ts';
import { widthOf } from '../terminal/output.ts';
import { runOptions } from './run.ts';

/** Makes runs again; ends with the exit code of the new campaign. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, operands, around, stdout, colours } = input;
  const [id = ''] = operands;
  const defaults = runOptions(values, around);
  const outcome = await reproduce({ id, output: values.output, defaults, typed: typedOf(input) }, around);
  const { a, b, comparison } = outcome;
  if (!comparison) return outcome.exitCode;
  if (values.json) {
    const plain = { a, b, ...plainComparison(comparison) };
    around.events.emit({ type: 'comparison.made', comparison: plain });
    return outcome.exitCode;
  }
  const lines = comparisonLines(comparison, { width: widthOf(stdout), colours });
  const heading = `A  ${a.run ?? a.campaign}, as it was recorded\nB  ${b.campaign}, as it is now`;
  stdout.write(`\n${heading}\n\n${lines.join('\n')}\n`);
  return outcome.exitCode;
}

function typedOf({ values, origins }: CommandInput): Partial<RunOptions> {
  const { 'additional-context': text, 'additional-context-file': file, 'live-output': live } = values;
  return {
    ...(text === undefined ? {} : { additionalContext: text }),
    ...(file === undefined ? {} : { additionalContextFile: file }),
    ...(origins['live-output'] === 'option' ? { liveOutput: live } : {}),
  };
}
