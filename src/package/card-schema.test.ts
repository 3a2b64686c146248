import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { knownCardKeys } from './card-field.ts';
import { cardSchema, parseCard } from './card-schema.ts';
import { cardFromManifest, cardToManifest } from './manifest-card.ts';

const origin = { file: 'scripts/x/models.json', index: 1 };
const least = { name: 'm', dockerfile: 'docker/m', scripts: 'scripts/m/run.sh' };
const parse = (more: object, dir?: string) => parseCard({ ...least, ...more }, origin, dir);

test('a card with the least of keys gets defaults', () => {
  expect(parse({})).toEqual({
    ...least,
    dockercontext: '',
    url: '',
    cred: '',
    data: '',
    n_gpus: '1',
    owner: '',
    training_precision: '',
    tags: [],
    args: '',
    timeout: undefined,
    multiple_results: '',
    skip_gpu_arch: '',
    additional_docker_run_options: '',
    is_deprecated: false,
    exclusive: false,
    extra: {},
  });
});

test('every field of both references is read, and unknown ones are kept', () => {
  const whole = {
    dockercontext: 'docker/ctx',
    url: 'https://example.com/x.git',
    cred: 'KEY',
    data: 'a,b',
    n_gpus: '-1',
    owner: 'me@example.com',
    training_precision: 'fp16',
    tags: ['a', 'b'],
    args: '--x 1',
    timeout: 90,
    multiple_results: 'out.csv',
    skip_gpu_arch: 'gfx908, A100',
    additional_docker_run_options: '--shm-size 1g',
    is_deprecated: true,
    exclusive: true,
    distributed: { launcher: 'torchrun', nnodes: 2, nproc_per_node: '8', backend: 'nccl', port: 29500 },
    slurm: { partition: 'p', nodes: 2, time: '01:00:00', exclusive: true, modules: ['rocm'] },
    env_vars: { A: '1', B: 2, C: true },
    nnodes: 2,
    log_error_pattern_scan: false,
    log_error_benign_patterns: ['ok'],
    log_error_patterns: ['bad'],
    mine: { any: ['thing'] },
  };
  const card = parse(whole);
  expect(card).toMatchObject({ n_gpus: '-1', timeout: 90, skip_gpu_arch: 'gfx908,A100', exclusive: true });
  expect(Object.keys(card.extra)).toEqual(Object.keys(whole).slice(15));
  for (const key of Object.keys(whole)) expect(knownCardKeys.has(key)).toBe(key !== 'mine');
});

test('the known keys are those of the schema', () => {
  expect([...knownCardKeys].sort()).toEqual(Object.keys(cardSchema.shape).sort());
});

test('numbers of GPUs are text or numbers, under any of their names', () => {
  expect(parse({ n_gpus: 8 }).n_gpus).toBe('8');
  expect(parse({ n_gpus: ' 4 ' }).n_gpus).toBe('4');
  expect(parse({ n_gpus: -1 }).n_gpus).toBe('-1');
  expect(parse({ gpu_count: 2 }).n_gpus).toBe('2');
  expect(parse({ gpu_count: 2, n_gpus: '3' }).n_gpus).toBe('3');
});

test('tags are a list or one text with commas, each once', () => {
  expect(parse({ tags: ' a, b,,a ' }).tags).toEqual(['a', 'b']);
  expect(parse({ tags: ['a', 'b,c'] }).tags).toEqual(['a', 'b', 'c']);
});

test('a limit of -1 or null is the default, 0 is none', () => {
  expect(parse({ timeout: -1 }).timeout).toBeUndefined();
  expect(parse({ timeout: null }).timeout).toBeUndefined();
  expect(parse({ timeout: 0 }).timeout).toBe(0);
  expect(parse({ timeout: '60' }).timeout).toBe(60);
});

test('paths of a folder are rewritten to the package, the build context is not', () => {
  const card = parse({ dockerfile: '../../docker/d', scripts: './go/', dockercontext: 'ctx' }, 'x');
  expect(card).toMatchObject({
    name: 'x/m',
    dockerfile: 'docker/d',
    scripts: 'scripts/x/go',
    dockercontext: 'ctx',
  });
});

test('a card with a ready image needs no Dockerfile', () => {
  const card = parseCard({ name: 'm', scripts: 's', env_vars: { DOCKER_IMAGE_NAME: 'i' } }, origin);
  expect(card.dockerfile).toBe('');
});

test.each<[object | string | null, string, string]>([
  ['text', 'scripts/x/models.json, model 2', 'expected an object (one model card), found "text"'],
  [null, 'model 2', 'found null'],
  [[], 'model 2', 'found an empty list'],
  [{ ...least, name: undefined }, 'key name', 'expected text, found nothing'],
  [{ ...least, name: ' ' }, 'key name', 'expected a name'],
  [{ ...least, name: 'a/b' }, 'key name', '"a/b"'],
  [{ ...least, name: 'a:b' }, 'key name', '"a:b"'],
  [{ ...least, name: '..' }, 'key name', '".."'],
  [{ ...least, name: 'a\nb' }, 'key name', '"a\\nb"'],
  [{ ...least, name: 'x'.repeat(201) }, 'key name', 'at most 200 characters'],
  [{ name: 'm', scripts: 's' }, '"m"), key dockerfile', 'found nothing'],
  [{ name: 'm', dockerfile: 's' }, 'key scripts', 'found nothing'],
  [{ ...least, dockerfile: '../x' }, 'key dockerfile', 'inside the package'],
  [{ ...least, dockerfile: 'a/../../x' }, 'key dockerfile', 'inside the package'],
  [{ ...least, scripts: '/etc/passwd' }, 'key scripts', 'inside the package'],
  [{ ...least, dockercontext: '..' }, 'key dockercontext', 'inside the package'],
  [{ ...least, multiple_results: '../x.csv' }, 'key multiple_results', 'inside the package'],
  [{ ...least, scripts: 'a\0b' }, 'key scripts', 'one line'],
  [
    { ...least, n_gpus: 'many' },
    'key n_gpus',
    'a number of GPUs (text or number), or -1 for all, found "many"',
  ],
  [{ ...least, n_gpus: 1e20 }, 'key n_gpus', 'a number of GPUs'],
  [{ ...least, n_gpus: 1.5 }, 'key n_gpus', '1.5'],
  [{ ...least, n_gpus: -2 }, 'key n_gpus', 'or -1 for all, found -2'],
  [{ ...least, tags: ['a/b'] }, 'key tags', '"a/b"'],
  [{ ...least, tags: ['a', 5] }, 'key tags', 'a list of texts'],
  [{ ...least, timeout: 'soon' }, 'key timeout', 'a number of seconds, 0 for no limit, found "soon"'],
  [{ ...least, timeout: -5 }, 'key timeout', '-5'],
  [{ ...least, is_deprecated: 'yes' }, 'key is_deprecated', 'true or false, found "yes"'],
  [{ ...least, args: ['a'] }, 'key args', 'expected text, found a list'],
  [{ ...least, env_vars: { 'A-B': '1' } }, 'key env_vars', 'found'],
  [{ ...least, env_vars: { A: {} } }, 'key env_vars.A', 'text, a number, true or false, found an object'],
  [{ ...least, distributed: { lancher: 'x' } }, 'key distributed.lancher', 'such as launcher'],
  [{ ...least, slurm: { zzz: 1 } }, 'key slurm.zzz', 'one of partition'],
  [{ ...least, log_error_patterns: [] }, 'key log_error_patterns', 'at least one'],
  [{ ...least, url: `${'x'.repeat(500)}\u009b` }, 'key url', '(501 characters)'],
])('names file, model, key, expected and found: %j', (raw, where, what) => {
  const error = catchError(() => parseCard(raw, origin));
  expect(error.code).toBe('INVALID_FILE');
  expect(error.message).toContain(where);
  expect(error.message).toContain(what);
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test('an unknown key within a strict one is answered with the keys that this one has', () => {
  const told = (card: object): string => {
    try {
      parseCard({ name: 'm', dockerfile: 'd', scripts: 's', ...card }, { file: 'models.json', index: 0 });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  expect(told({ metrics: [{ name: 'loss', better: 'lower' }] })).toContain(
    'metrics[0].better: expected one of name, ',
  );
  expect(told({ checks: [{ name: 'c', file: 'a', maximum: 1 }] })).toContain(
    'checks[0].maximum: expected one of name, ',
  );
  expect(told({ metrics: [{ name: 'loss', directoin: 'lower' }] })).toContain('such as direction');
  expect(told({ slurm: { nodez: 1 } })).toContain('such as nodes');
});

test('a folder does not let its paths climb out of the package', () => {
  expect(catchError(() => parse({ dockerfile: '../../../x' }, 'x')).message).toContain('key dockerfile');
});

function catchError(act: () => unknown): MadError {
  try {
    act();
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const anyCard = fc.record(
  {
    name: fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/).filter((name) => !name.includes('..')),
    dockerfile: fc.constantFrom('docker/d', 'd'),
    scripts: fc.constantFrom('s/run.sh', 's'),
    n_gpus: fc.integer({ min: -1, max: 9 }).map(String),
    tags: fc.uniqueArray(fc.stringMatching(/^[a-z0-9_-]{1,8}$/)),
    args: fc.stringMatching(/^[ -~]{0,30}$/),
    timeout: fc.nat(),
    is_deprecated: fc.boolean(),
    exclusive: fc.boolean(),
    url: fc.webUrl(),
    mine: fc.jsonValue().filter((value) => value !== null),
  },
  { requiredKeys: ['name', 'dockerfile', 'scripts'] },
);

test('a card survives the way through a manifest', () => {
  fc.assert(
    fc.property(anyCard, fc.option(fc.constant('dir'), { nil: undefined }), (raw, dir) => {
      const card = parseCard(raw, origin, dir);
      const entry = JSON.parse(JSON.stringify(cardToManifest(card)));
      expect(cardFromManifest(entry)).toEqual({ ...card, extra: JSON.parse(JSON.stringify(card.extra)) });
    }),
  );
});

test('whatever a file holds, a card or one INVALID_FILE comes of it', () => {
  const anyKey = fc.constantFrom(...knownCardKeys, 'other');
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(anyKey, fc.jsonValue())), (raw) => {
      try {
        parseCard(raw, origin);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
        expect((error as MadError).code).toBe('INVALID_FILE');
      }
    }),
    { numRuns: 1000 },
  );
});

test('a manifest holds the keys of the reference first, and always the eight that it reads', () => {
  expect(Object.keys(cardToManifest(parse({ mine: 1, url: 'u', tags: ['a'] })))).toEqual([
    'name',
    'dockerfile',
    'scripts',
    'url',
    'n_gpus',
    'owner',
    'training_precision',
    'tags',
    'args',
    'mine',
  ]);
});

test('a reduced entry of an old manifest becomes a card', () => {
  const card = cardFromManifest({
    name: 'dir/m',
    scripts: 'scripts/m/run.sh',
    n_gpus: 2,
    tags: 'a,b',
    timeout: -1,
    deprecated: true,
    args: null,
  });
  expect(card).toMatchObject({
    name: 'dir/m',
    dockerfile: '',
    n_gpus: '2',
    tags: ['a', 'b'],
    timeout: undefined,
    is_deprecated: true,
    args: '',
  });
});

test.each([
  {},
  { name: '' },
  { name: '../m' },
  { name: 'a//b' },
  { name: 'a\u001b[2J' },
  { name: 'm', scripts: '../../etc' },
  { name: 'm', dockerfile: '/etc/x' },
  { name: 'm', multiple_results: 'a/../../b' },
  { name: 'm', args: 'a\nb' },
])('an entry of a manifest that could do harm is refused: %j', (entry) => {
  const error = catchError(() => cardFromManifest(entry));
  expect(error.code).toBe('INVALID_FILE');
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test('a key that means something to JavaScript is only a key', () => {
  const entry = JSON.parse('{"name": "m", "__proto__": {"polluted": true}, "constructor": 1}');
  const card = cardFromManifest(entry);
  expect(Object.keys(card.extra)).toEqual(['__proto__', 'constructor']);
  expect('polluted' in {}).toBe(false);
  expect(Object.keys(cardToManifest(card))).toContain('__proto__');
});
