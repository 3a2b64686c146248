import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelCard } from './card.ts';
import { knownCardKeys } from './card-field.ts';
import { parseCard } from './card-schema.ts';
import { plainCard } from './plain-card.ts';

const origin = { file: 'models.json', index: 0 };
const least = { name: 'm', dockerfile: 'docker/m', scripts: 'scripts/m/run.sh' };

function parsed(raw: unknown, dir: string | undefined): ModelCard | string {
  try {
    return parseCard(raw, origin, dir);
  } catch (error) {
    return String(error);
  }
}

const paths = fc.constantFrom(
  'd',
  '../../docker/d',
  '../d',
  '/d',
  './d',
  'a//b/',
  '..',
  'a/../../b',
  'é',
  ' ',
  '',
);
const text = fc.oneof(
  fc.constantFrom('', 'x', ' 8 ', '-1', '8', 'a, b', 'a/b', 'a:b', 'a..b', '\u0007', '\u2028'),
  fc.string(),
);
const number = fc.oneof(fc.constantFrom(-2, -1, -0, 0, 1, 1.5, 1e300), fc.integer());
const settings = fc.dictionary(
  fc.constantFrom('launcher', 'nnodes', 'nodes', 'time', 'enabled', 'exclusive', 'A_B', '1x', 'vllm_disagg'),
  fc.oneof(text, number, fc.boolean(), fc.constant(null)),
);
const value = fc.oneof(
  text,
  paths,
  number,
  fc.boolean(),
  fc.constant(null),
  settings,
  fc.array(text, { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const keys = fc.constantFrom(...knownCardKeys, 'mine', '__proto__', 'constructor');
const entries = fc
  .tuple(fc.array(fc.tuple(keys, value), { maxLength: 2 }), fc.boolean(), paths, text)
  .map(([more, valid, path, name]) =>
    // fromEntries makes an own `__proto__`, as JSON.parse does.
    Object.fromEntries([
      ...Object.entries({ ...least, dockerfile: path }),
      ...(valid ? [] : [['name', name] as [string, unknown]]),
      ...more,
    ]),
  );

test('what the short way answers is what the schema answers', () => {
  let short = 0;
  fc.assert(
    fc.property(
      fc.oneof(entries, fc.jsonValue()),
      fc.constantFrom(undefined, 'dir', 'other dir'),
      (raw, dir) => {
        const card = plainCard(raw, dir);
        if (card === undefined) return;
        short += 1;
        expect(card).toEqual(parsed(raw, dir));
      },
    ),
    { numRuns: 5000 },
  );
  // Else this would prove nothing.
  expect(short).toBeGreaterThan(500);
});

test.each<[string, object]>([
  ['the least', {}],
  ['an empty text and null', { url: '', data: null, tags: [], multiple_results: '' }],
  ['numbers of GPUs as text, number, and by another name', { n_gpus: 8, ngpus: '-1' }],
  ['a list as one text', { tags: 'a, b', skip_gpu_arch: 'gfx908, gfx90a' }],
  ['a path of a folder above', { dockerfile: '../../docker/m.x', dockercontext: './docker' }],
  ['a launcher', { distributed: { launcher: 'torchrun', nnodes: 2, nproc_per_node: 8 } }],
  ['Slurm', { slurm: { partition: 'gpu', nodes: 2, time: '01:00:00', exclusive: true } }],
  ['variables', { env_vars: { A: '1', B: 2, C: true } }],
  ['patterns', { log_error_pattern_scan: false, log_error_patterns: ['x'] }],
  ['keys of its own', { mine: { a: [1] } }],
])('a card with %s goes the short way', (_what, more) => {
  expect(plainCard({ ...least, ...more }, 'dir')).toEqual(parsed({ ...least, ...more }, 'dir'));
});
