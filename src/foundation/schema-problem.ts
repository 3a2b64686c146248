import type * as z from 'zod/mini';
import { MadError } from './error.ts';

type Issue = z.core.$ZodIssue;

/** A key path as people write it: `built_images["ci-x"].docker_image`, `models[3].tags`. */
export function keyPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(String(key)))
      text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** What a schema found wrong, as one INVALID_FILE error: file, key paths, what was expected and what stood there. */
export function invalidFile(file: string, error: z.core.$ZodError, data: unknown, hint: string): MadError {
  const lines = error.issues.slice(0, 5).map((issue) => describeIssue(issue, data));
  const more = error.issues.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return new MadError('INVALID_FILE', `${file}: ${lines.join('; ')}`, { hint });
}

function describeIssue(issue: Issue, data: unknown): string {
  const where = keyPath(issue.path) || 'the whole document';
  if (issue.code === 'invalid_type')
    return `${where}: expected ${issue.expected}, found ${kindAt(data, issue.path)}`;
  if (issue.code === 'unrecognized_keys')
    return `${where}: unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  if (issue.code === 'invalid_value') {
    return `${where}: expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}, found ${shown(valueAt(data, issue.path))}`;
  }
  return `${where}: ${issue.message}, found ${shown(valueAt(data, issue.path))}`;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function kindAt(data: unknown, path: readonly PropertyKey[]): string {
  const value = valueAt(data, path);
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
