import { type ExitCode, exitCode, MadError } from '../../foundation/error.ts';
import { type Found, findById } from '../../record/campaign/find-by-id.ts';
import { type Comparison, compareCampaigns, compareRuns } from '../../record/compare/compare-campaigns.ts';
import type { ComparedRun } from '../../record/compare/compare-records.ts';
import { plainComparison } from '../../record/compare/comparison-json.ts';
import { loadCompared } from '../../record/compare/load-compared.ts';
import type { CommandInput } from '../command.ts';
import { resultsRootOf } from '../results-root.ts';
import { comparisonLines } from '../terminal/comparison-text.ts';
import { widthOf } from '../terminal/output.ts';

/** Shows what differs between two runs or campaigns; that they differ is no failure. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, operands, around, stdout, colours } = input;
  const root = resultsRootOf(values.output, around.cwd);
  const [a, b] = [await findById(root, operands[0]), await findById(root, operands[1])];
  const comparison = compare(a, b, await loadCompared(root, a), await loadCompared(root, b));
  if (values.json) {
    stdout.write(`${JSON.stringify({ a, b, ...plainComparison(comparison) }, null, 2)}\n`);
    return exitCode.success;
  }
  const lines = [
    `A  ${nameOf(a)}`,
    `B  ${nameOf(b)}`,
    '',
    ...comparisonLines(comparison, { width: widthOf(stdout), colours }),
  ];
  stdout.write(`${lines.join('\n')}\n`);
  return exitCode.success;
}

const nameOf = ({ campaign, run }: Found): string =>
  run === undefined ? `campaign ${campaign}` : `run ${run} of campaign ${campaign}`;

/** Of a run and a campaign, the run's job is compared. */
function compare(
  a: Found,
  b: Found,
  ones: readonly ComparedRun[],
  others: readonly ComparedRun[],
): Comparison {
  requireRuns(a, ones);
  requireRuns(b, others);
  const [one] = ones;
  const [other] = others;
  if (a.run !== undefined && b.run !== undefined && one && other) {
    return { jobs: [compareRuns(one, other)], common: [], only_a: [], only_b: [] };
  }
  const compared = compareCampaigns(ones, others);
  return {
    ...compared,
    only_a: b.run === undefined ? compared.only_a : [],
    only_b: a.run === undefined ? compared.only_b : [],
  };
}

function requireRuns({ campaign }: Found, runs: readonly ComparedRun[]): void {
  if (runs.length > 0) return;
  throw new MadError('INVALID_ARGUMENT', `the campaign ${campaign} has no record of a run to compare`, {
    hint: '`madengine-cli runs show` lists the runs of a campaign.',
  });
}
