import { MadError } from '../error.ts';

/**
 * `node:sqlite`, loaded on first use. Node.js 22 and 24 warn that it is experimental; that warning alone is kept away
 * from users, who can do nothing about it.
 */
export function loadSqlite(): typeof import('node:sqlite') {
  const sqlite = withoutWarning(() => process.getBuiltinModule('node:sqlite'));
  if (sqlite) return sqlite;
  throw new MadError('INTERNAL', 'This Node.js has no node:sqlite, which our locks need', {
    hint: 'Use an official build of Node.js, and start it without --no-experimental-sqlite.',
  });
}

function withoutWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (isAboutSqlite(warning, rest[0])) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  process.emitWarning = filtered as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isAboutSqlite(warning: string | Error, type: unknown): boolean {
  const text = typeof warning === 'string' ? warning : warning.message;
  return type === 'ExperimentalWarning' && text.startsWith('SQLite is an experimental feature');
}
