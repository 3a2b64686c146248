/** Nothing in a context is silently ignored: what has no effect is told, once. */
import type { Context } from '../context/context.ts';
import { meantKey, ownKeys, waitingKeys } from '../context/key-use.ts';
import { openSecrets } from '../context/settings.ts';
import { filterKeys } from '../image/context-filter.ts';
import type { ModelCard } from '../package/card.ts';
import type { Surroundings } from './options.ts';

/** Keys whose feature is not there yet, and values that everyone will be able to read. */
export function tellContextNotices(context: Context, around: Surroundings): void {
  const waiting = waitingKeys(context);
  if (waiting.length > 0) {
    warn(
      around,
      'CONTEXT_KEY_WITHOUT_EFFECT',
      `the context's ${waiting.join(', ')} ${waiting.length === 1 ? 'has' : 'have'} no effect: this version keeps ${waiting.length === 1 ? 'it' : 'them'}, but has no feature that reads ${waiting.length === 1 ? 'it' : 'them'}`,
      'docs/context.md lists what each key does.',
    );
  }
  const open = openSecrets(context);
  if (open.length > 0) {
    warn(
      around,
      'SECRET_IN_CONTEXT',
      `${open.join(', ')}: by ${open.length === 1 ? 'its name this is a secret' : 'their names these are secrets'}, and a context stands in manifests and records for all to read`,
      'Give it as an environment variable MAD_SECRETS…, which reaches builds and models and is written nowhere.',
    );
  }
}

/** Keys that no Dockerfile asks for; `cards` are empty where a manifest is run and nothing is chosen. */
export async function tellUnusedKeys(
  context: Context,
  cards: readonly ModelCard[],
  around: Surroundings,
): Promise<void> {
  const own = ownKeys(context);
  if (own.length === 0) return;
  const asked = await filterKeys(around.cwd, cards);
  for (const key of own.filter((each) => !asked.has(each))) {
    const meant = meantKey(key, asked);
    const why =
      cards.length === 0
        ? 'and a manifest chooses no Dockerfiles'
        : 'and no Dockerfile of these models asks for it';
    warn(
      around,
      'CONTEXT_KEY_UNUSED',
      `the context's ${JSON.stringify(key)} is not a key that madengine knows, ${why}`,
      meant === undefined
        ? 'Leave it out, or name it in the # CONTEXT line of a Dockerfile.'
        : `Did you mean ${meant}?`,
    );
  }
}

function warn(around: Surroundings, code: string, message: string, hint: string): void {
  around.events.emit({ type: 'notice', level: 'warning', code, message, hint });
}
