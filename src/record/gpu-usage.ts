/** Samples of GPUs as tools wrote them, and what a record says of them. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RunRecord } from './record-schema.ts';

type GpuUsage = NonNullable<RunRecord['gpu_usage']>[number];

/** Two weeks of ten samples a second. */
const mostSamples = 12_000_000;
const mostColumns = 256;

const kinds: Readonly<Record<string, Pick<GpuUsage, 'what' | 'unit'>>> = {
  'Power(Watt)': { what: 'power', unit: 'W' },
  'vram(%)': { what: 'memory', unit: '%' },
};

/** The part of a sampling in which the model ran, in seconds since its first sample. */
export interface SampledTime {
  fromS: number;
  toS: number;
}

/**
 * The statistics of a file with the columns `time` and `Power(Watt) GPU0` or `vram(%) GPU0`; [] for any other file. Cells
 * without a number are left out. With `model`, only its time counts, unless no sample lies in it.
 */
export async function readGpuUsage(path: string, model?: SampledTime): Promise<GpuUsage[]> {
  const usage = await usageWithin(path, model);
  return usage.length > 0 || !model ? usage : usageWithin(path, undefined);
}

async function usageWithin(path: string, model: SampledTime | undefined): Promise<GpuUsage[]> {
  const input = createReadStream(path, { encoding: 'utf8' });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let columns: SampledColumn[] | undefined;
  let samples = 0;
  let first: number | undefined;
  try {
    for await (const line of lines) {
      if (!columns) {
        columns = columnsOf(line);
        if (columns.length === 0) return [];
        continue;
      }
      samples += columns.length;
      if (samples > mostSamples) break;
      const cells = line.split(',', mostColumns);
      const atMs = Date.parse(cells[0] ?? '');
      first ??= atMs;
      const second = (atMs - first) / 1000;
      if (model && !(second >= model.fromS && second <= model.toS)) continue;
      for (const column of columns) column.add(cells[column.index]);
    }
  } finally {
    lines.close();
    input.destroy();
  }
  return (columns ?? []).flatMap((column) => column.usage());
}

interface SampledColumn {
  index: number;
  add(cell: string | undefined): void;
  usage(): GpuUsage[];
}

function columnsOf(header: string): SampledColumn[] {
  const [first, ...names] = header.slice(0, 100_000).split(',', mostColumns);
  if (first?.trim() !== 'time') return [];
  return names.flatMap((name, index) => {
    const [, title = '', gpu = ''] = /^(.*) GPU(\d{1,4})$/.exec(name.trim()) ?? [];
    const kind = Object.hasOwn(kinds, title) ? kinds[title] : undefined;
    return kind ? [sampledColumn(index + 1, Number(gpu), kind)] : [];
  });
}

function sampledColumn(index: number, gpu: number, kind: Pick<GpuUsage, 'what' | 'unit'>): SampledColumn {
  const values: number[] = [];
  return {
    index,
    add(cell) {
      const text = cell?.trim() ?? '';
      if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) values.push(Number(text));
    },
    usage: () => (values.length === 0 ? [] : [{ gpu, ...kind, ...statisticsOf(values) }]),
  };
}

/** `values` are not empty. Percentiles are those of the nearest rank. */
export function statisticsOf(values: readonly number[]): Omit<GpuUsage, 'gpu' | 'what' | 'unit'> {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    samples: sorted.length,
    mean: Math.round((sum / sorted.length) * 1000) / 1000,
    median: at(0.5),
    p95: at(0.95),
    max: sorted.at(-1) ?? 0,
  };
}
