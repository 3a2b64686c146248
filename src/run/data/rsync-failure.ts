/** Why rsync over ssh failed, in words; the texts are those of rsync 3. */
import { type ErrorCode, MadError } from '../../foundation/error.ts';
import { type CommandResult, succeeded } from '../../machine/command/command.ts';
import { sshProblem } from '../../machine/ssh/ssh-problem.ts';
import { cleanText } from '../../record/output/clean-text.ts';
import type { NasNode } from './nas-nodes.ts';

export interface RsyncFailure {
  code: 'COMMAND_FAILED' | 'DISK_FULL' | 'NOT_WRITABLE';
  /** Continues a sentence about the node. */
  why: string;
  hint: string;
  /** Another try may do better. */
  passes: boolean;
}

/** Of rsync(1), EXIT VALUES: the connection, its protocol, a time-out, files that vanished while they were listed. */
const passingCodes = new Set([10, 12, 24, 30, 35]);

/** undefined when it did not fail. */
export function rsyncFailure(result: CommandResult, node: NasNode, path: string): RsyncFailure | undefined {
  if (succeeded(result)) return undefined;
  const { stderr, end } = result;
  if (end.kind !== 'exited') {
    const why = end.kind === 'timed-out' ? 'did not answer in time' : 'was left';
    return { code: 'COMMAND_FAILED', why, hint: 'Check the node.', passes: end.kind === 'timed-out' };
  }
  return localFailure(stderr) ?? remoteFailure(stderr, path) ?? sshFailure(stderr, node, end.exitCode);
}

function localFailure(stderr: string): RsyncFailure | undefined {
  const here = stderr
    .split('\n')
    .find((line) => /\[(?:receiver|generator)\]|^rsync: .*on "|failed to exec/i.test(line));
  if (here === undefined) return undefined;
  if (/No space left on device|Disk quota exceeded/.test(here)) {
    const hint = 'Free some space there; what is complete is kept.';
    return {
      code: 'DISK_FULL',
      why: `has more than this machine's disk takes: ${last(here)}`,
      hint,
      passes: false,
    };
  }
  if (/failed to exec/i.test(here)) {
    return {
      code: 'COMMAND_FAILED',
      why: 'needs ssh, which is not installed on this machine',
      hint: 'Install the OpenSSH client.',
      passes: false,
    };
  }
  if (
    /\b(?:mkstemp|mkdir|rename|failed to set|open)\b.*(?:Permission denied|Read-only file system)/.test(here)
  ) {
    return {
      code: 'NOT_WRITABLE',
      why: `cannot be copied to this machine: ${last(here)}`,
      hint: 'Check owner and permissions of the folder for the data.',
      passes: false,
    };
  }
  return undefined;
}

function remoteFailure(stderr: string, path: string): RsyncFailure | undefined {
  const failed = (why: string, hint: string): RsyncFailure => ({
    code: 'COMMAND_FAILED',
    why,
    hint,
    passes: false,
  });
  if (
    /rsync: (?:command )?not found|rsync: not found|unknown command: rsync|No such file or directory.*remote rsync|remote command not found/i.test(
      stderr,
    )
  )
    return failed('has no rsync', 'Install rsync there.');
  if (/is your shell clean/i.test(stderr))
    return failed(
      'prints text at a login, which rsync takes for its own',
      'Let the start files of that account print nothing when nobody is at a terminal.',
    );
  if (/\[sender\] (?:link_stat|change_dir).*No such file or directory/.test(stderr))
    return failed(`has no ${path}`, 'Check the path in data.json, as that account sees it.');
  const denied = stderr.split('\n').find((line) => /\[sender\].*Permission denied \(13\)/.test(line));
  return denied === undefined
    ? undefined
    : failed(
        `lets its account not read everything: ${last(denied)}`,
        'Let that account read all files below the path.',
      );
}

function sshFailure(stderr: string, node: NasNode, exitCode: number): RsyncFailure {
  const problem = sshProblem(stderr, node.host, node.login);
  if (problem) return { code: 'COMMAND_FAILED', ...problem };
  const said = last(stderr);
  return {
    code: 'COMMAND_FAILED',
    why: `broke off: ${said || `rsync ended with exit code ${exitCode}`}`,
    hint: 'Check the node and the network; what is complete is kept, and the next try goes on from there.',
    passes: passingCodes.has(exitCode) || exitCode === 255,
  };
}

/** The last line that says something; rsync's own last one only names a line of its source. */
function last(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).map((line) =>
    cleanText(line)
      .trim()
      .replace(/^rsync: /, ''),
  );
  return (
    lines.findLast((line) => line !== '' && !/^rsync error: /.test(line)) ?? lines.findLast(Boolean) ?? ''
  );
}

export class NasError extends MadError {
  /** The message without what each node said. */
  readonly brief: string;

  constructor(
    code: ErrorCode,
    message: string,
    { brief = message, ...options }: { hint?: string; passes: boolean; brief?: string },
  ) {
    super(code, message, options);
    this.brief = brief;
  }
}

export const nasError = ({ code, why, hint, passes }: RsyncFailure, node: NasNode): NasError =>
  new NasError(code, `${nodeText(node)} ${why}`, { hint, passes });

export function nodeText({ name, host, login }: NasNode): string {
  const address = login.port === undefined ? host : `${host}:${login.port}`;
  return name === host && login.port === undefined ? host : `${name} (${address})`;
}
