/** Files that are written at the end: whether they can be is told before hours of work, not after. */
import { open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { temporaryBeside } from '../foundation/file/atomic-write.ts';

export interface OutputFiles {
  /** `--manifest-output`. */
  manifestOutput?: string;
  /** `--summary-output`. */
  summaryOutput?: string | undefined;
  /** `--junit`. */
  junit?: string | undefined;
  /** `--report`, as typed. */
  report?: readonly string[];
}

/** Throws NOT_WRITABLE or DISK_FULL that names option and path. Nothing is left behind. */
export async function requireWritableOutputs(
  { manifestOutput, summaryOutput, junit, report = [] }: OutputFiles,
  cwd: string,
): Promise<void> {
  if (manifestOutput !== undefined) await requireWritable('--manifest-output', manifestOutput, cwd);
  if (summaryOutput !== undefined) await requireWritable('--summary-output', summaryOutput, cwd);
  if (junit === undefined && report.length === 0) return;
  const { reportsAsked } = await import('./reports-asked.ts');
  for (const { option, file } of reportsAsked({ junit, report })) await requireWritable(option, file, cwd);
}

async function requireWritable(option: string, typed: string, cwd: string): Promise<void> {
  const path = resolve(cwd, typed);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) {
    throw notWritable(
      option,
      typed,
      'that is a folder',
      `Name a file, such as ${option} ${typed}/build.json.`,
    );
  }
  const probe = temporaryBeside(path);
  try {
    await (await open(probe, 'wx')).close();
  } catch (error) {
    throw reason(option, typed, error);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

function reason(option: string, typed: string, error: unknown): MadError {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return notWritable(
        option,
        typed,
        `there is no folder ${dirname(typed)}`,
        `Make it: mkdir -p ${dirname(typed)}`,
      );
    case 'ENOTDIR':
      return notWritable(option, typed, 'a part of the path is no folder', 'Correct the path.');
    case 'ENOSPC':
    case 'EDQUOT':
      return new MadError('DISK_FULL', `${option} ${typed}: the disk is full`, {
        hint: 'Free some space, or write it elsewhere.',
      });
    default:
      return notWritable(
        option,
        typed,
        message,
        'Check owner and permissions of the folder, or name another one.',
      );
  }
}

const notWritable = (option: string, typed: string, why: string, hint: string): MadError =>
  new MadError('NOT_WRITABLE', `${option} ${typed} can't be written: ${why}`, { hint });
