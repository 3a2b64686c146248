import { posix } from 'node:path';

export interface BundleFile {
  /** Relative to the bundle's folder, with slashes. */
  fileName: string;
  code: string;
  /** Somebody outside the bundle loads it. */
  isEntry: boolean;
}

/**
 * The bundle without files that only pass on what another one exports: the bundler makes one for each `import()` of a
 * module that lies in a group, and a run by manifest loaded seven. Who imports such a file gets the same names out of the
 * file behind it.
 */
export function withoutForwarding(files: readonly BundleFile[]): BundleFile[] {
  const known = new Map(
    files.map(({ fileName, code, isEntry }) => [fileName, isEntry ? undefined : forwarded(fileName, code)]),
  );
  const rewritten = files.map(({ fileName, code, isEntry }) => ({
    ...{ fileName, isEntry },
    code: code.replaceAll(/import\(`(\.[^`]+)`\)/g, (call, path: string) => {
      const behind = known.get(posix.join(posix.dirname(fileName), path));
      if (!behind) return call;
      const names = behind.names.map(([own, shown]) => `${shown}:m.${own}`);
      return `import(\`${relative(fileName, behind.file)}\`).then(m=>({${names.join(',')}}))`;
    }),
  }));
  const isNamed = ({ fileName }: BundleFile): boolean =>
    rewritten.some((other) => other.code.includes(posix.basename(fileName)));
  return rewritten.filter((file) => !known.get(file.fileName) || isNamed(file));
}

interface Forwarded {
  file: string;
  /** Of each name: as the file behind exports it, and as this one does. */
  names: [string, string][];
}

function forwarded(fileName: string, code: string): Forwarded | undefined {
  const found = /^export\{([\w$, ]+)\}from"(\.[^"]+)";?\s*$/.exec(code);
  if (!found) return undefined;
  const [, list = '', path = ''] = found;
  const names = list.split(',').map((one): [string, string] => {
    const [own = '', shown = own] = one.trim().split(' as ');
    return [own, shown];
  });
  return { file: posix.join(posix.dirname(fileName), path), names };
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
