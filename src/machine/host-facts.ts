import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, release, totalmem, type } from 'node:os';

/** What is said about the machine in records; stored once per campaign. */
export interface HostFacts {
  host: string;
  os: string;
  kernel: string;
  architecture: string;
  cpu: string;
  cpus: number;
  memory_bytes: number;
}

export async function readHostFacts(): Promise<HostFacts> {
  const cores = cpus();
  return {
    host: hostname(),
    os: await osName(),
    kernel: release(),
    architecture: arch(),
    cpu: cores[0]?.model ?? '',
    cpus: cores.length,
    memory_bytes: totalmem(),
  };
}

async function osName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? type();
}
