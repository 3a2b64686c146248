import { mask } from '../foundation/secret.ts';
import { maskSecretText, soundsSecret } from '../foundation/secret-text.ts';
import type { Context, ContextOrigin } from './context.ts';
import { isPlainObject } from './merge.ts';

/** One value as people see it. */
export interface ContextSetting {
  /** Dotted path of its key. */
  name: string;
  /** JSON text; `******` where the name sounds like a secret. */
  value: string;
  origin: ContextOrigin;
}

/** Every value of a context with where it came from, by name. */
export function contextSettings(context: Context): ContextSetting[] {
  const found: ContextSetting[] = [];
  const walk = (key: string, path: string, value: unknown): void => {
    if (isPlainObject(value) && Object.keys(value).length > 0) {
      for (const [inner, item] of Object.entries(value)) walk(inner, `${path}.${inner}`, item);
      return;
    }
    const text = soundsSecret(key) ? mask : maskSecretText(JSON.stringify(value) ?? 'null');
    found.push({ name: path, value: text, origin: context.origins[path] ?? 'default' });
  };
  for (const [key, value] of Object.entries(context.values)) walk(key, key, value);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Keys of variables that every manifest and image would show, though they sound like secrets. */
export function openSecrets(context: Context): string[] {
  return ['docker_build_arg', 'docker_env_vars', 'env_vars'].flatMap((key) => {
    const variables = context.values[key];
    if (!isPlainObject(variables)) return [];
    return Object.entries(variables)
      .filter(
        ([name, value]) =>
          soundsSecret(name) && value !== '' && context.origins[`${key}.${name}`] !== 'manifest',
      )
      .map(([name]) => `${key}.${name}`);
  });
}
