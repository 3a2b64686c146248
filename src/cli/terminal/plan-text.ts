import type { EventOf } from '../../foundation/event.ts';
import { safeLine } from './safe-text.ts';
import { shellWords } from './shell-words.ts';

/**
 * The plan of `--dry-run`: its commands in their order, ready for a shell; models and settings stand above them as comments, and what a
 * container's program does stands under the command that starts it.
 */
export function planText(plan: EventOf<'plan.made'>['plan'], settings: readonly string[] = []): string[] {
  const jobs = Array.isArray(plan.jobs) ? plan.jobs.length : 0;
  const commands = Array.isArray(plan.commands) ? plan.commands.map(asCommand) : [];
  const stages = new Map(list(plan.jobs).map((job) => [`run ${String(job.job)}`, stageLines(job.stages)]));
  const lines = [`# Plan: ${count(jobs, 'job')}, ${count(commands.length, 'command')}; nothing was done.`];
  const plugins = list(plan.plugins).map(({ kind, name, file }) =>
    safeLine(`# plugin ${String(kind)} ${String(name)} of ${String(file)}`),
  );
  if (plugins.length > 0) lines.push('#', ...plugins);
  const models = [...list(plan.jobs).flatMap(jobLines), ...problemLines(plan.problems)];
  if (models.length > 0) lines.push('#', ...models);
  const data = Array.isArray(plan.jobs) ? plan.jobs.flatMap(dataLines) : [];
  if (data.length > 0) lines.push('#', ...data);
  if (settings.length > 0) lines.push('#', ...settings.map((line) => `# ${line}`));
  for (const { title, argv } of commands) {
    lines.push('', `# ${safeLine(title)}`, shellWords(argv), ...(stages.get(title) ?? []));
  }
  return lines;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** `# model JOB: at most 7200 s, GPUs 0, 1`, or why it would be left out. */
function jobLines({ job, skip, timeout_s: limit, gpus }: Record<string, unknown>): string[] {
  if (job === undefined) return [];
  if (skip !== undefined) return [safeLine(`# model ${String(job)}: skipped, ${String(skip)}`)];
  const time = typeof limit === 'number' ? `at most ${limit} s` : 'no limit of time';
  const devices = Array.isArray(gpus) && gpus.length > 0 ? `GPUs ${gpus.join(', ')}` : 'no GPU';
  return [safeLine(`# model ${String(job)}: ${time}, ${devices}`)];
}

/** What would fail before anything of it starts. */
const problemLines = (problems: unknown): string[] =>
  (Array.isArray(problems) ? problems : []).map((problem) => safeLine(`# would fail: ${String(problem)}`));

/** `# data imagenet of JOB: minio s3://a/b, else aws s3://c/d; seen at /data_dlm_0` */
function dataLines(job: unknown): string[] {
  const { job: name, data } = (job ?? {}) as { job?: unknown; data?: unknown };
  if (!Array.isArray(data)) return [];
  return data.map((each: { name: string; home: string; sources: { provider: string; path: string }[] }) => {
    const sources = each.sources.map(({ provider, path }) => `${provider} ${path}`).join(', else ');
    return safeLine(`# data ${each.name} of ${String(name)}: ${sources}; seen at ${each.home}`);
  });
}

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map((one: unknown) => ({ ...(one as object) })) : [];

const stageLines = (stages: unknown): string[] =>
  list(stages).map(({ name, title, command }) => {
    const what = title === name ? String(name) : `${String(name)} (${String(title)})`;
    return `#   ${safeLine(what)}: ${String(command).split('\n').map(safeLine).join('\n#     ')}`;
  });

function asCommand(value: unknown): { title: string; argv: string[] } {
  const { title, argv } = (value ?? {}) as { title?: unknown; argv?: unknown };
  return { title: String(title ?? ''), argv: Array.isArray(argv) ? argv.map(String) : [] };
}
