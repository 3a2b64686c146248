import { expect, test } from 'vitest';
import type { ModelCard } from '../../package/card.ts';
import { classOf, defaultBenignPatterns, defaultErrorPatterns, errorPatterns } from './error-pattern.ts';

const card = (extra: Record<string, unknown>): ModelCard => ({
  name: 'dummy',
  dockerfile: 'docker/dummy',
  dockercontext: '',
  scripts: 'scripts/dummy',
  url: '',
  cred: '',
  data: '',
  n_gpus: '-1',
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
  extra,
});

test('without options the defaults are in force', () => {
  expect(errorPatterns(card({}), {})).toEqual({
    enabled: true,
    patterns: defaultErrorPatterns,
    benign: defaultBenignPatterns,
  });
});

test.each([false, 0, '0', 'no', 'OFF', '', 'false'])(
  'log_error_pattern_scan %j turns the scan off',
  (value) => {
    expect(errorPatterns(card({ log_error_pattern_scan: value }), {}).enabled).toBe(false);
  },
);

test.each([true, 1, 'yes', 'true', null])('log_error_pattern_scan %j leaves it on', (value) => {
  expect(errorPatterns(card({ log_error_pattern_scan: value }), {}).enabled).toBe(true);
});

test('the context wins over the card, and benign patterns of both are added', () => {
  const found = errorPatterns(
    card({ log_error_pattern_scan: false, log_error_patterns: ['CARD'], log_error_benign_patterns: ['c'] }),
    { log_error_pattern_scan: true, log_error_patterns: ['CONTEXT', ''], log_error_benign_patterns: 'x' },
  );
  expect(found).toEqual({
    enabled: true,
    patterns: ['CONTEXT'],
    benign: [...defaultBenignPatterns, 'x', 'c'],
  });
});

test('patterns that are no texts are an error that names the key and the model', () => {
  expect(() => errorPatterns(card({ log_error_patterns: [1] }), {})).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/log_error_patterns.*dummy/),
    }),
  );
});

test('lack of memory is a class of its own', () => {
  expect(['OutOfMemoryError', 'HIP out of memory', 'MyPool: out of memory'].map(classOf)).toEqual(
    Array(3).fill('out_of_memory'),
  );
  expect(['FAILED', 'Traceback (most recent call last)'].map(classOf)).toEqual(
    Array(2).fill('error_pattern'),
  );
});
