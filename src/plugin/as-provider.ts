import type { DataAround, DataProvider, Refusal } from '../run/data/provider.ts';
import { callPlugin, type PluginSource, wrongAnswer } from './call.ts';
import type { DataRefusal, FetchedData, ProviderPlugin } from './definition.ts';
import { pluginAround } from './plugin-around.ts';

export function asProvider(plugin: ProviderPlugin, source: PluginSource): DataProvider {
  const call = (doing: string, act: () => unknown, { clock, signal }: DataAround): Promise<unknown> =>
    callPlugin(source, doing, act, { clock, signal });
  return {
    kind: plugin.name,
    check: async (data, around) =>
      refusalOf(
        await call('check', () => plugin.check({ ...data }, pluginAround(plugin, around, source)), around),
        source,
      ),
    ...(plugin.version === undefined
      ? {}
      : {
          version: async (data, around) =>
            textOrNothing(
              await call(
                'version',
                () => plugin.version?.({ ...data }, pluginAround(plugin, around, source)),
                around,
              ),
              source,
              'version',
            ),
        }),
    async fetch(data, into, around, onProgress) {
      const tell = (done: unknown, total: unknown): void => {
        if (isBytes(done)) onProgress(done, isBytes(total) ? total : undefined);
      };
      const act = (): unknown => plugin.fetch({ ...data }, into, pluginAround(plugin, around, source), tell);
      const answer = await call('fetch', act, around);
      if (!isFetched(answer)) throw wrongAnswer(source, 'fetch', '{ files, bytes } as numbers', answer);
      const { files, bytes, reusedBytes = 0 } = answer;
      return { files, bytes, reusedBytes };
    },
  };
}

function refusalOf(answer: unknown, source: PluginSource): Refusal | undefined {
  if (typeof answer !== 'object' || answer === null) {
    const why = textOrNothing(answer, source, 'check');
    return why === undefined ? undefined : { why, passes: false };
  }
  const { why, passes } = answer as { [K in keyof DataRefusal]?: unknown };
  if (typeof why === 'string' && typeof passes === 'boolean') return { why: why.slice(0, 2000), passes };
  throw wrongAnswer(source, 'check', '{ why, passes }, text or nothing', answer);
}

function textOrNothing(answer: unknown, source: PluginSource, doing: string): string | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer === 'string') return answer.slice(0, 2000);
  throw wrongAnswer(source, doing, 'text or nothing', answer);
}

const isBytes = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isFetched(answer: unknown): answer is FetchedData {
  if (typeof answer !== 'object' || answer === null) return false;
  const { files, bytes, reusedBytes = 0 } = answer as Record<string, unknown>;
  return isBytes(files) && isBytes(bytes) && isBytes(reusedBytes);
}
