import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from './errno.ts';

/** What tells one process from every other, as far as the system says it; from /proc on Linux. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Changes with every start of the machine; null where there is no /proc. */
  boot_id: string | null;
  /** Pids mean something only within one of these: a container has its own. */
  pid_namespace: string | null;
  /** Start of the process, in ticks since the machine's: a pid is used again, the pair of both is not. */
  start_time: string | null;
}

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= {
    host: hostname(),
    pid: process.pid,
    boot_id: readText('/proc/sys/kernel/random/boot_id'),
    pid_namespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
    start_time: startTimeOf(process.pid),
  };
  return own;
}

/** Whether that process still runs; undefined when it can't be judged from here. */
export function isAlive(other: ProcessIdentity | undefined): boolean | undefined {
  if (!other) return undefined;
  const here = ownIdentity();
  const sameMachine = here.boot_id !== null ? other.boot_id === here.boot_id : other.host === here.host;
  if (!sameMachine || other.pid_namespace !== here.pid_namespace) return undefined;
  if (!isPidInUse(other.pid)) return false;
  return other.start_time === null || startTimeOf(other.pid) === other.start_time;
}

export function isProcessIdentity(data: unknown): data is ProcessIdentity {
  if (typeof data !== 'object' || data === null) return false;
  const { host, pid, boot_id, pid_namespace, start_time } = data as Record<string, unknown>;
  const textOrNull = [boot_id, pid_namespace, start_time].every((v) => v === null || typeof v === 'string');
  return typeof host === 'string' && Number.isSafeInteger(pid) && Number(pid) > 0 && textOrNull;
}

/** Whether any process here has that number now. */
export function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat, see proc_pid_stat(5); the second field is a name in brackets that may hold anything. */
function startTimeOf(pid: number): string | null {
  const text = readText(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

const readText = (path: string): string | null => orNull(() => readFileSync(path, 'utf8').trim());

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
