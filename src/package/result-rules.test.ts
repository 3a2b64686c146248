import { expect, test } from 'vitest';
import { parseCard } from './card-schema.ts';
import { cardToManifest } from './manifest-card.ts';
import { plainCard } from './plain-card.ts';
import { readResultRules } from './result-rules.ts';

const entry = { name: 'm', dockerfile: 'docker/m', scripts: 'scripts/m.sh', n_gpus: '0' };
const parse = (keys: Record<string, unknown>) =>
  parseCard({ ...entry, ...keys }, { file: 'models.json', index: 0 });

test('metrics and checks of a card are kept, also in the manifest', () => {
  const metrics = [{ name: 'loss', pattern: 'loss (\\d+)', unit: '1', direction: 'lower' }];
  const checks = [{ name: 'sane', metric: 'loss', min: 0, max: 10 }];
  const card = parse({ metrics, checks });
  expect(readResultRules(card)).toEqual({ metrics, checks });
  expect(cardToManifest(card)).toMatchObject({ metrics, checks });
});

test('a card without them has none', () => {
  expect(readResultRules(parse({}))).toEqual({ metrics: [], checks: [] });
});

test.each([
  [{ metrics: 'loss' }, 'metrics: expected a list of metrics'],
  [{ metrics: [{ pattern: 'x' }] }, 'metrics[0].name: expected text'],
  [{ metrics: [{ name: 'a', pattern: '(' }] }, 'metrics[0].pattern: expected a regular expression'],
  [
    { metrics: [{ name: 'a', pattern: 'x', column: 'y' }] },
    'metrics[0]: expected either a pattern or a column',
  ],
  [{ metrics: [{ name: 'a', direction: 'up' }] }, 'metrics[0].direction: expected "higher" or "lower"'],
  [{ metrics: [{ name: 'a' }, { name: 'a' }] }, 'metrics: expected names that differ'],
  [{ checks: [{ name: 'a' }] }, 'checks[0]: expected exactly one of must_match'],
  [{ checks: [{ name: 'a', must_match: 'x', file: 'y' }] }, 'checks[0]: expected exactly one of must_match'],
  [{ checks: [{ name: 'a', metric: 'x' }] }, 'checks[0]: expected min, max or both beside metric'],
  [{ checks: [{ name: 'a', file: 'x', min: 1 }] }, 'checks[0]: expected min, max or both beside metric'],
  [{ checks: [{ name: 'a', must_mach: 'x' }] }, 'must_mach'],
])('%o is refused: %s', (keys, words) => {
  expect(() => parse(keys)).toThrow(words);
  const unread = { ...parse({}), extra: keys };
  expect(() => readResultRules(unread)).toThrow(/^model m, key/);
  expect(plainCard({ ...entry, ...keys }, undefined)).toBeUndefined();
});
