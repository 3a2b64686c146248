import type { Comparison } from './compare-campaigns.ts';

/** A comparison for programs: runs by their ids, `null` where a thing is not there. */
export function plainComparison({ jobs, common, only_a, only_b }: Comparison): Record<string, unknown> {
  const plain = ({ group, path, a, b }: Comparison['common'][number]): unknown => ({
    group,
    path,
    a: a ?? null,
    b: b ?? null,
  });
  const named = ({ model, run, status }: Comparison['only_a'][number]): unknown => ({
    model: model.name,
    args: model.args,
    run,
    status,
  });
  return {
    jobs: jobs.map((job) => ({
      model: job.model,
      args: job.args,
      a: job.a.run,
      b: job.b.run,
      status: { a: job.a.status, b: job.b.status },
      metrics: job.metrics,
      differences: job.differences.map(plain),
    })),
    common: common.map(plain),
    only_a: only_a.map(named),
    only_b: only_b.map(named),
  };
}
