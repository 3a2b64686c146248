import { expect, test } from 'vitest';
import { cardLabel, withoutPassword } from './card.ts';
import { cardFromManifest, cardToManifest } from './manifest-card.ts';

test.each([
  ['https://user:pa%24s@host/x.git', 'https://user:******@host/x.git'],
  ['ssh://git@host:22/x', 'ssh://git@host:22/x'],
  ['git@host:group/x.git', 'git@host:group/x.git'],
  ['https://host/a:b@c', 'https://host/a:b@c'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});

test('a password in an address reaches no manifest', () => {
  const card = cardFromManifest({ name: 'x', url: 'https://me:secret-word@host/x.git' });
  expect(JSON.stringify(cardToManifest(card))).not.toContain('secret-word');
});

test('a card is called by its name and arguments', () => {
  expect(cardLabel({ name: 'x', args: ' --a 1' })).toBe('x --a 1');
  expect(cardLabel({ name: 'x', args: '' })).toBe('x');
});
