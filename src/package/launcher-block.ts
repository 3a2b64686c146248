/**
 * Settings of a launcher that a plugin brings: a block by its name beside it, as in
 * `{"launcher": "accelerate", "accelerate": {…}}`. Who reads cards knows no plugins, and takes the block as it is.
 */
type Entry = Readonly<Record<string, unknown>>;

/** A raw card without such a block, and the block; the card itself where there is none. */
export function withoutLauncherBlock(raw: unknown, known: readonly string[]): { raw: unknown; block: Entry } {
  const none = { raw, block: {} };
  if (!isEntry(raw) || !isEntry(raw.distributed)) return none;
  const { launcher, ...others } = raw.distributed;
  const name = typeof launcher === 'string' ? launcher.trim().toLowerCase() : '';
  if (known.includes(name) || !Object.hasOwn(others, name) || !isEntry(others[name])) return none;
  const { [name]: settings, ...left } = others;
  return { raw: { ...raw, distributed: { launcher, ...left } }, block: { [name]: settings } };
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
