// Lists the models of this folder by code: one card for each limit up to which primes are looked for.
const limits = [200_000, 500_000];

export const listModels = () =>
  limits.map((limit) => ({
    name: `below_${limit}`,
    dockerfile: '../../docker/primes',
    scripts: 'run.sh',
    n_gpus: 0,
    owner: 'examples@madengine.invalid',
    tags: ['demo', 'quick', 'one_result'],
    timeout: 60,
    args: `--limit ${limit}`,
  }));
