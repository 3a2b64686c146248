/**
 * AMD GPUs on a machine without any, from outside of the product: tools on PATH that print what such tools print, and
 * device files that engines can hand to containers (the null device under other names).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './folder.ts';

const execute = promisify(execFile);

/** Why there can be none here; undefined where it can. */
export const noAmdMachine: string | undefined =
  process.getuid?.() !== 0
    ? 'making device files needs root'
    : existsSync('/sys/class/kfd')
      ? 'this machine has AMD GPUs of its own'
      : undefined;

const renderNode = (index: number): string => `/dev/dri/renderD${200 + index}`;

/** Device files for so many GPUs; returns the way to take them away again. */
export async function makeDeviceFiles(count: number): Promise<() => Promise<void>> {
  const made: string[] = [];
  const folder = await mkdir('/dev/dri', { recursive: true });
  for (const path of ['/dev/kfd', ...Array.from({ length: count }, (_, index) => renderNode(index))]) {
    if (existsSync(path)) continue;
    await execute('mknod', ['-m', '666', path, 'c', '1', '3']);
    made.push(path);
  }
  return async () => {
    for (const path of made) await rm(path, { force: true });
    if (folder !== undefined) await rmdir(folder);
  };
}

export interface AmdTools {
  /** `PATH` with the tools first. */
  path: string;
  /** Uncorrected errors that the tools tell of GPU 0 from the second look on. */
  setErrorsAfterFirstLook(count: number): Promise<void>;
}

/**
 * `amd-smi`, `rocminfo` and `hipconfig` of a machine with so many MI300X, of which one may be throttled; in a folder that
 * goes with the test unless one is given.
 */
export async function amdTools(
  count: number,
  { throttled, folder: given }: { throttled?: number; folder?: string } = {},
): Promise<AmdTools> {
  const folder = given ?? (await temporaryFolder());
  const indices = Array.from({ length: count }, (_, index) => index);
  const files = {
    'list.json': indices.map((gpu) => ({
      gpu,
      bdf: `0000:${(0xe0 + gpu).toString(16)}:00.0`,
      uuid: `5cff74a1-0000-1000-8000-00000000000${gpu}`,
      kfd_id: 1000 + gpu,
      node_id: gpu + 1,
      partition_id: 0,
      render: renderNode(gpu).slice('/dev/dri/'.length),
      card: `card${gpu + 1}`,
    })),
    'static.json': indices.map((gpu) => ({
      gpu,
      asic: { market_name: 'AMD Instinct MI300X', asic_serial: `0x00000000000000${gpu}` },
      driver: { name: 'amdgpu', version: '6.12.12' },
      vram: { size: { value: 196592, unit: 'MB' } },
    })),
  };
  for (const [name, data] of Object.entries(files)) {
    await writeFile(
      join(folder, name),
      `WARNING: User is missing the group [render]\n${JSON.stringify(data, null, 4)}\n`,
    );
  }
  const metrics = (errors: number): string =>
    JSON.stringify(
      indices.map((gpu) => ({
        gpu,
        power: { throttle_status: gpu === throttled ? 'THROTTLED' : 'UNTHROTTLED' },
        ecc: { total_correctable_count: 0, total_uncorrectable_count: gpu === 0 ? errors : 0 },
      })),
    );
  await writeFile(join(folder, 'metric.json'), metrics(0));
  await writeFile(join(folder, 'metric-later.json'), metrics(0));
  await writeTool(
    join(folder, 'amd-smi'),
    `case $1 in
list) cat "${folder}/list.json" ;;
static) cat "${folder}/static.json" ;;
metric) if [ -e "${folder}/looked" ]; then cat "${folder}/metric-later.json"; else : > "${folder}/looked"; cat "${folder}/metric.json"; fi ;;
*) exit 2 ;;
esac`,
  );
  await writeTool(
    join(folder, 'rocminfo'),
    'printf "Agent 1\\n  Name:                    gfx942\\n  Marketing Name:          AMD Instinct MI300X\\n"',
  );
  await writeTool(join(folder, 'hipconfig'), 'echo 6.4.43483-a187df25c');
  return {
    path: `${folder}:${process.env.PATH}`,
    async setErrorsAfterFirstLook(count) {
      await rm(join(folder, 'looked'), { force: true });
      await writeFile(join(folder, 'metric-later.json'), metrics(count));
    },
  };
}

/** `PATH` with these shell programs first, by name. */
export async function toolsFolder(tools: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, body] of Object.entries(tools)) await writeTool(join(folder, name), body);
  return `${folder}:${process.env.PATH}`;
}

async function writeTool(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}
