import { expect, test } from 'vitest';
import { progressText } from './progress-text.ts';

const event = { type: 'data.progress', name: 'imagenet', provider: 'minio' } as const;

test('progress is a bar, a share and sizes', () => {
  expect(progressText({ ...event, done_bytes: 2 ** 30, total_bytes: 2 ** 32 })).toBe(
    'data imagenet [#####               ] 25 %, 1.0 GiB of 4.0 GiB',
  );
});

test('without a known whole there is no bar, and more than the whole is all of it', () => {
  expect(progressText({ ...event, done_bytes: 2048, total_bytes: null })).toBe('data imagenet: 2.0 KiB');
  expect(progressText({ ...event, done_bytes: 20, total_bytes: 10 })).toContain('] 100 %');
});
