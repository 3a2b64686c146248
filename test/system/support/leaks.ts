/** Looks for secrets, in every form that they may take, in what a run shows and leaves. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { containersWithLabel, docker } from './engine.ts';

/** What a secret looks like: as it is, URL-encoded, the middle of its base64 at each of its three places, in hexadecimal. */
function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.from(`${' '.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters depend on the neighbours.
    return text.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  return [
    secret,
    encoded,
    encoded.replaceAll('%20', '+'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('hex').toUpperCase(),
  ];
}

/** Without what a text may be broken by: line ends, as they are, in JSON, and with what BuildKit puts before a line. */
const unfolded = (text: string): string => text.replaceAll(/(?:\r|\n|\\r|\\n)(?:#\d+ \d+\.\d+ )?/g, '');

/** Where a text holds a secret, in words that don't hold it. */
export function leaksIn(place: string, text: string, secrets: Readonly<Record<string, string>>): string[] {
  const whole = unfolded(text);
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).flatMap((form, index) =>
      text.includes(form) || whole.includes(unfolded(form)) ? [`${place}: ${name}, form ${index}`] : [],
    ),
  );
}

/** Prints a variable in every form, whole and in lines of several widths, into the output and into files. */
export const printsAll = `
encoded() { printf '%s' "$1" | sed 's/%/%25/g;s/+/%2B/g;s#/#%2F#g;s/=/%3D/g;s/&/%26/g;s/ /%20/g'; }
show() {
  printf 'plain %s\\n' "$1"
  encoded "$1"; echo
  for before in '' x xx; do printf '%s%s' "$before" "$1" | base64 | tr -d '\\n'; echo; done
  for before in '' x xx; do printf 'A_VARIABLE=%s%s' "$before" "$1" | base64 -w 20; echo; done
  printf '%s' "$1" | base64 -w 7 | tr '+/' '-_' | sed 's/$/\\r/'; echo
  encoded "$1" | fold -w 16; echo; printf '%s' "$1" | fold -w 9; echo
  printf '%s' "$1" | od -An -tx1 -v | tr -d ' '; printf '%s' "$1" | base64 | sed 's/./&\\n/g'
}
`;
export interface Watched {
  leaks: string[];
  containers: number;
  /** Every program that ran, by its name. */
  programs: Set<string>;
}

/**
 * Every command line on this machine and every container of ours, again and again until it is told to stop; and who
 * has a secret in its environment without being named in `mayHave`.
 */
export async function watch(
  secrets: Readonly<Record<string, string>>,
  over: AbortSignal,
  mayHave: Readonly<Record<string, RegExp>> = {},
): Promise<Watched> {
  const leaks = new Set<string>();
  const programs = new Set<string>();
  let containers = 0;
  while (!over.aborted) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const program = line.split('\0')[0] ?? '';
      programs.add(basename(program));
      for (const leak of leaksIn(`process ${program}`, line, secrets)) leaks.add(leak);
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      for (const [name, allowed] of Object.entries(mayHave)) {
        if (allowed.test(basename(program)) || environment === '') continue;
        const secret = { [name]: secrets[name] ?? '' };
        for (const leak of leaksIn(`environment of ${line.replaceAll('\0', ' ')}`, environment, secret))
          leaks.add(leak);
      }
    }
    for (const id of await containersWithLabel('madengine.campaign')) {
      const text = await docker('inspect', id).catch(() => '');
      if (text !== '') containers++;
      for (const leak of leaksIn('docker inspect', text, secrets)) leaks.add(leak);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { leaks: [...leaks], containers, programs };
}

export async function leaksBelow(
  folder: string,
  secrets: Readonly<Record<string, string>>,
): Promise<{ leaks: string[]; files: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const leaks: string[] = [];
  for (const file of files) {
    if (file.endsWith('/credential.json') || file.endsWith('/keys/id')) continue;
    const bytes = await readFile(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    leaks.push(...leaksIn(file, text, secrets), ...leaksIn(`name of ${file}`, file, secrets));
  }
  return { leaks, files };
}
