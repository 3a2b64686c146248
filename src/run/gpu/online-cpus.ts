import { readFile } from 'node:fs/promises';
import type { Context } from '../../context/context.ts';
import { MadError } from '../../foundation/error.ts';
import { numberListText, parseNumberList } from './number-list.ts';

/** Throws DEVICE_UNAVAILABLE when `docker_cpus` names CPUs that this machine doesn't have; an engine says so too late. */
export async function requireCpus(
  { values }: Context,
  onlineFile = '/sys/devices/system/cpu/online',
): Promise<void> {
  const text = values.docker_cpus;
  if (typeof text !== 'string' || text.trim() === '') return;
  const online = await readFile(onlineFile, 'utf8').catch(() => undefined);
  if (online === undefined) return;
  const here = parseNumberList(online.trim(), 'online CPUs');
  const missing = parseNumberList(text, 'docker_cpus').filter((cpu) => !here.includes(cpu));
  if (missing.length === 0) return;
  throw new MadError(
    'DEVICE_UNAVAILABLE',
    `docker_cpus names CPUs ${numberListText(missing)}, and this machine has ${numberListText(here)}`,
    { hint: 'Name CPUs that are here, or leave docker_cpus out.' },
  );
}
