/** Files that are written at the end: whether they can be is told before hours of work, not after. */
import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { temporaryBeside } from '../foundation/file/atomic-write.ts';
import { isStream } from '../foundation/file/write-output.ts';
import { requireDistinctFiles } from './distinct-files.ts';

export interface OutputFiles extends Partial<Record<InputOption, string | undefined>> {
  /** `--output`; the folder of it is made. */
  output: string;
  /** `--manifest-output`, where it is written. */
  manifestOutput?: string;
  /** `--summary-output`. */
  summaryOutput?: string | undefined;
  /** `--junit`. */
  junit?: string | undefined;
  /** `--report`, as typed. */
  report?: readonly string[];
}

/** Options whose files are only read. */
const inputOptions = {
  manifestFile: '--manifest-file',
  batchManifest: '--batch-manifest',
  additionalContextFile: '--additional-context-file',
  dataConfig: '--data-config',
  toolsConfig: '--tools-config',
  knownFailures: '--known-failures',
} as const;
type InputOption = keyof typeof inputOptions;

/**
 * Throws NOT_WRITABLE or DISK_FULL that names option and path, and INVALID_ARGUMENT where one file would be written over
 * another one. Nothing is left behind.
 */
export async function requireWritableOutputs(options: OutputFiles, cwd: string): Promise<void> {
  const { output, manifestOutput, summaryOutput, junit, report = [] } = options;
  const written: [string, string | undefined][] = [
    ['--manifest-output', manifestOutput],
    ['--summary-output', summaryOutput],
  ];
  if (junit !== undefined || report.length > 0) {
    const { reportsAsked } = await import('./reports-asked.ts');
    for (const { option, file } of reportsAsked({ junit, report })) written.push([option, file]);
  }
  const inputs = Object.entries(inputOptions).map(
    ([key, option]) => [option, options[key as InputOption]] as const,
  );
  await requireDistinctFiles({ output, written, inputs }, cwd);
  for (const [option, typed] of written)
    if (typed !== undefined) await requireWritable(option, typed, output, cwd);
}

async function requireWritable(option: string, typed: string, output: string, cwd: string): Promise<void> {
  const path = resolve(cwd, typed);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) {
    throw notWritable(
      option,
      typed,
      'that is a folder',
      `Name a file, such as ${option} ${typed}/results.json.`,
    );
  }
  if (await isStream(path)) return requireWritableStream(option, typed, path);
  const probe = temporaryBeside(path);
  try {
    await (await open(probe, 'wx')).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) === dirname(resolve(cwd, output))) return;
    throw reason(option, typed, error);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

async function requireWritableStream(option: string, typed: string, path: string): Promise<void> {
  await access(path, constants.W_OK).catch((error: unknown) => {
    throw reason(option, typed, error);
  });
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
