import { type CommandRunner, runCommand, succeeded } from '../command/command.ts';

/**
 * The engine knows only of its container's first process; the kernel counts in the container's control group (version 2
 * in `memory.events`, version 1 in `memory.oom_control`), which an image without `cat` can't show.
 */
export async function wasOutOfMemory(
  runner: CommandRunner,
  program: string,
  container: string,
): Promise<boolean> {
  try {
    const format = '{{.State.OOMKilled}} {{.State.Running}}';
    const state = await runCommand(runner, {
      argv: [program, 'container', 'inspect', '--format', format, container],
      timeoutMs,
    });
    const [killed, running] = state.stdout.trim().split(' ');
    if (!succeeded(state) || killed === 'true') return killed === 'true';
    if (running !== 'true') return false;
    // One of the two files is missing, so that the exit code says nothing.
    const { stdout } = await runCommand(runner, {
      argv: [program, 'exec', container, 'cat', ...counters],
      timeoutMs,
    });
    return /^oom_kill [1-9]/m.test(stdout);
  } catch {
    return false;
  }
}

const counters = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
/** Nobody waits long for an explanation. */
const timeoutMs = 10_000;
