/** The stages that data needs inside a run: custom scripts, and files handed back to their owner. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { packagePath } from '../../package/package-path.ts';
import { programVariables } from '../../stage/program.ts';
import type { Stage, Word } from '../../stage/stage.ts';
import { splitWords } from '../../stage/words.ts';
import type { DataUse } from './data-use.ts';

/** In the control folder: the size that a custom script left, in KiB, as `du` prints it. */
const sizeFile = (index: number): string => `data-${index}.size`;

/** `$1`: the data's folder, `$2`: where its size is noted, `$3`: the shell; then the script and its arguments. */
const runScript =
  'mkdir -p "$1" && cd "$1" || exit; note=$2; shift 2; "$@" || exit; du -sk . >"$note" 2>/dev/null; exit 0';

const handBack =
  'owner=$1; shift; for folder; do find "$folder" -user 0 -exec chown -h "$owner" {} +; done 2>/dev/null; exit 0';

/** `mkdir -p HOME; cd HOME; bash SCRIPT ARGS`, as the reference has it (v1-formats, 8). */
export function customStages(uses: readonly DataUse[]): Stage[] {
  return uses.flatMap(({ source, home }, index): Stage[] => {
    if (source.kind !== 'custom') return [];
    const control: Word = [{ variable: programVariables.control }, { text: `/${sizeFile(index)}` }];
    const script: Word = [{ variable: programVariables.workspace }, { text: `/${packagePath(source.path)}` }];
    return [
      {
        name: 'data',
        title: source.name,
        cwd: '',
        prefix: '',
        words: [
          ...literals('sh', '-c', runScript, 'data', home),
          control,
          [{ variable: programVariables.shell }],
          script,
          ...splitWords(source.args),
        ],
        always: false,
      },
    ];
  });
}

/** A model is root in its container, and what it writes would belong to root on this machine, too. */
export function handBackStages(uses: readonly DataUse[], to: { uid: number; gid: number }): Stage[] {
  const homes = uses.filter(({ host, readOnly, source }) => host && !readOnly && source.kind !== 'local');
  if (homes.length === 0) return [];
  const words = literals(
    'sh',
    '-c',
    handBack,
    'data',
    `${to.uid}:${to.gid}`,
    ...homes.map(({ home }) => home),
  );
  return [{ name: 'give_back', title: 'data', cwd: '', prefix: '', words, always: true }];
}

const literals = (...texts: string[]): Word[] => texts.map((text) => [{ text }]);

/** Bytes that the custom script of that position left; null where it noted none. The run may have laid anything there. */
export async function notedSize(control: string, index: number): Promise<number | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(control, sizeFile(index)), flags).catch(() => undefined);
  if (!file) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    const kibibytes = /^(\d{1,12})\s/.exec(buffer.toString('latin1', 0, bytesRead))?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}
