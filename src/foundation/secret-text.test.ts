import { expect, test } from 'vitest';
import { maskSecretText, soundsSecret } from './secret-text.ts';

test.each(['token', 'HF_TOKEN', 'password', 'AWS_SECRET_ACCESS_KEY', 'api_key', 'ssh-key'])(
  '%s sounds like a secret',
  (name) => expect(soundsSecret(name)).toBe(true),
);

test.each(['MAX_TOKENS', 'TOKENIZER', 'keyboard', 'monkey', 'n'])('%s does not', (name) =>
  expect(soundsSecret(name)).toBe(false),
);

test('secrets are masked in JSON, in Python literals and in addresses', () => {
  expect(maskSecretText(`{"HF_TOKEN": "a\\"b", 'password': 'x', "n": "kept"}`)).toBe(
    `{"HF_TOKEN": "******", 'password': "******", "n": "kept"}`,
  );
  expect(maskSecretText('https://me:hidden@host/x')).toBe('https://me:******@host/x');
});
