import { expect, test } from 'vitest';
import { toMadError } from './error.ts';

test.each([
  ['EFBIG', 'DISK_FULL', 'ulimit -f'],
  ['ENOSPC', 'DISK_FULL', 'Free some disk space'],
  ['EROFS', 'NOT_WRITABLE', 'permissions'],
  ['EIO', 'NOT_WRITABLE', 'dmesg'],
  ['EMFILE', 'COMMAND_FAILED', 'ulimit -n'],
])('what the system says with %s is no defect of ours', (errno, code, hint) => {
  const error = toMadError(Object.assign(new Error(`${errno}: what it says`), { code: errno }));
  expect([error.code, error.message, error.hint]).toEqual([
    code,
    `${errno}: what it says`,
    expect.stringContaining(hint),
  ]);
});

test.each(['ENOENT', 'toString', 17, undefined])('anything else is (%s)', (code) => {
  expect(toMadError(Object.assign(new Error('what'), { code })).code).toBe('INTERNAL');
});
