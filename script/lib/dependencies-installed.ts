// Exit code 0 when node_modules holds what package-lock.json says. Times of files don't tell: git sets them, and `npm install`
// writes both files.
import { readFileSync } from 'node:fs';

interface Locked {
  version?: string;
  integrity?: string;
  optional?: boolean;
}

function lockedPackages(file: string): Record<string, Locked> {
  const parsed: { packages?: Record<string, Locked> } = JSON.parse(readFileSync(file, 'utf8'));
  return parsed.packages ?? {};
}

const wanted = lockedPackages('package-lock.json');
const present = lockedPackages('node_modules/.package-lock.json');
const missing = Object.entries(wanted).filter(([path, { version, integrity, optional }]) => {
  const found = present[path];
  // npm leaves out optional packages that are for other machines.
  if (path === '' || (optional === true && found === undefined)) return false;
  return found?.version !== version || found?.integrity !== integrity;
});
process.exitCode = missing.length === 0 ? 0 : 1;
