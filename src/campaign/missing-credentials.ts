import type { Emit } from '../foundation/event.ts';
import type { ModelCard } from '../package/card.ts';
import type { Credentials } from '../package/credential-file.ts';

/** A build or a model that does without what its card's `cred` names fails late and elsewhere, if at all. */
export function tellMissingCredentials(
  cards: readonly ModelCard[],
  { entries, lists }: Credentials,
  emit: Emit,
): void {
  const missing = new Map<string, Set<string>>();
  for (const { name, cred } of cards) {
    if (cred === '' || entries.has(cred) || lists.has(cred)) continue;
    missing.set(cred, (missing.get(cred) ?? new Set()).add(name));
  }
  for (const [cred, names] of missing) {
    const [first = '', ...others] = names;
    const more = others.length === 0 ? '' : ` and of ${others.length} more`;
    emit({
      type: 'notice',
      level: 'warning',
      code: 'CREDENTIAL_MISSING',
      message: `the credential ${cred} of the model ${first}${more} is nowhere: builds and runs do without it`,
      hint: `Add "${cred}" to credential.json: {"username": …, "password": …}.`,
    });
  }
}
