import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWords } from './shell-words.ts';

test('plain words stay plain', () => {
  expect(shellWords(['docker', 'run', '--name=a_b', 'x:1', ''])).toBe("docker run --name=a_b x:1 ''");
});

test('a shell reads back the words that were quoted, and one line holds them all', () => {
  const word = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.constantFrom("'", '"', '\\', '$', '`', '\n', '\u001b', '!', '\u202e'),
    ),
  });
  const words = fc.sample(word, 300).map((one) => one.replaceAll('\0', '').toWellFormed());
  const line = shellWords(words);
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  const output = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${line}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { LC_ALL: 'C.UTF-8' },
  });
  expect(output.split('\0').slice(0, -1)).toEqual(words);
});
