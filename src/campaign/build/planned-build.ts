/** What would be done, as data, with the exact command lines; names that are known only later stand as `${name}`. */
import type { Context } from '../../context/context.ts';
import { type ExitCode, exitCode } from '../../foundation/error.ts';
import { buildSpec } from '../../image/build.ts';
import { cardLabel } from '../../package/card.ts';
import type { BuildInputs, BuildPlan } from './plan-builds.ts';

export interface PlannedCommand {
  title: string;
  argv: string[];
}

export interface PlannedData {
  name: string;
  sources: { provider: string; path: string }[];
  home: string;
  /** What is mounted there when the first source is taken; null where a script makes it in the container. */
  mount: string | null;
}

export interface PlannedJob {
  job: string;
  image: string;
  /** Why it would be left out; then there are no commands. */
  skip?: string;
  timeout_s?: number | null;
  gpus?: readonly number[];
  /** Of each name of its data: the sources in the order in which they are tried, and where the model sees it. */
  data?: PlannedData[];
  /** `command` is shell text, as it stands in the program. */
  stages?: { name: string; title: string; command: string }[];
  /** The POSIX sh program that the container runs. */
  program?: string;
}

export interface CampaignPlan {
  schema: 'madengine.plan/1';
  context: Record<string, unknown>;
  /** Where each value of the context came from. */
  origins: Record<string, string>;
  /** What the plugins are that were named; absent where none was. */
  plugins?: readonly { kind: string; name: string; file: string; sha256: string }[];
  images: { image: string; dockerfile: string; models: string[]; warnings: string[] }[];
  jobs: PlannedJob[];
  problems: string[];
  commands: PlannedCommand[];
}

/** Images that would be built and pushed. */
export async function planOfBuild(inputs: BuildInputs, plan: BuildPlan): Promise<CampaignPlan> {
  const { engine, context } = inputs;
  const capabilities = await engine.capabilities();
  const commands: PlannedCommand[] = [];
  for (const task of plan.tasks) {
    const spec = buildSpec(task.plan, '${secrets}', { 'madengine.campaign': '${campaign}' });
    commands.push({ title: `build ${task.image}`, argv: engine.describe.build(spec, capabilities) });
    if (task.registryImage === undefined) continue;
    commands.push({ title: `push ${task.image}`, argv: engine.describe.push(task.registryImage) });
  }
  return {
    ...emptyPlan(context),
    images: plan.tasks.map((task) => ({
      image: task.image,
      dockerfile: task.dockerfile.path,
      models: task.cards.map(cardLabel),
      warnings: task.plan.warnings.map((warning) => warning.message),
    })),
    problems: plan.failed.map(({ model, error }) => `${model}: ${error}`),
    commands,
  };
}

export function joinPlans(first: CampaignPlan, second: CampaignPlan): CampaignPlan {
  return {
    ...first,
    jobs: [...first.jobs, ...second.jobs],
    problems: [...first.problems, ...second.problems],
    commands: [...first.commands, ...second.commands],
  };
}

export function emptyPlan(context: Context): CampaignPlan {
  return {
    schema: 'madengine.plan/1',
    context: { ...context.values },
    origins: { ...context.origins },
    images: [],
    jobs: [],
    problems: [],
    commands: [],
  };
}

/** A model that no Dockerfile fits is told by a dry run too. */
export function exitCodeOfPlan(plan: BuildPlan): ExitCode {
  return plan.failed.length > 0 ? exitCode.buildFailure : exitCode.success;
}
