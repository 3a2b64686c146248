import type { EventOf } from '../../foundation/event.ts';
import { safeLine } from './safe-text.ts';
import { shellWords } from './shell-words.ts';

/** The plan of `--dry-run`: its commands in their order, ready for a shell; settings stand above them as comments. */
export function planText(plan: EventOf<'plan.made'>['plan'], settings: readonly string[] = []): string[] {
  const jobs = Array.isArray(plan.jobs) ? plan.jobs.length : 0;
  const commands = Array.isArray(plan.commands) ? plan.commands.map(asCommand) : [];
  const lines = [`# Plan: ${count(jobs, 'job')}, ${count(commands.length, 'command')}; nothing was done.`];
  if (settings.length > 0) lines.push('#', ...settings.map((line) => `# ${line}`));
  for (const { title, argv } of commands) {
    lines.push('', `# ${safeLine(title)}`, shellWords(argv));
  }
  return lines;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

function asCommand(value: unknown): { title: string; argv: string[] } {
  const { title, argv } = (value ?? {}) as { title?: unknown; argv?: unknown };
  return { title: String(title ?? ''), argv: Array.isArray(argv) ? argv.map(String) : [] };
}
