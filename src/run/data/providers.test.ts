import { expect, test } from 'vitest';
import { providerKinds } from './provider.ts';
import { providers } from './providers.ts';

test('each provider is registered under its own kind', async () => {
  for (const kind of providerKinds) {
    const provider = await providers[kind]?.();
    if (provider) expect(provider.kind).toBe(kind);
  }
  expect(Object.keys(providers).length).toBeGreaterThan(0);
});
