import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { type OutputChunk, RUNTIME_MODULE_ID } from 'rolldown';

/** Licences under which a package may go into an MIT-licensed bundle; only their text has to come along. */
const compatible: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

/** Folders, relative to the root, of the packages that left at least one byte in the bundle; sorted. */
export function bundledPackages(root: string, chunks: readonly OutputChunk[]): string[] {
  const found = new Set<string>();
  for (const { modules } of chunks) {
    for (const [id, { renderedLength }] of Object.entries(modules)) {
      const file = id === RUNTIME_MODULE_ID ? 'node_modules/rolldown/' : relative(root, id);
      const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      if (folder !== undefined && renderedLength > 0) found.add(folder);
    }
  }
  return [...found].sort();
}

/** Names, versions and licence texts. Throws for a package without a text, or with a licence that doesn't fit ours. */
export async function licenceDocument(root: string, folders: readonly string[]): Promise<string> {
  const sections = await Promise.all(folders.map((folder) => section(join(root, folder))));
  return `# Licences of third parties\n\nCode of these packages is part of the files in this folder.\n${sections.join('')}`;
}

async function section(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (!isCompatible(String(license))) {
    throw new Error(
      `${name} ${version} has the licence ${license}: bundle something else, or widen the list.`,
    );
  }
  const texts = await textsFor(folder, String(license));
  if (texts.length === 0) throw new Error(`${name} ${version} comes without the text of its licence.`);
  return `\n## ${name} ${version}\n\nLicence: ${license}\n\n${texts.map(quoted).join('\n')}`;
}

/** `(MIT OR GPL-3.0)` fits by one of its parts, `MIT AND ISC` by all of them. */
export function isCompatible(expression: string): boolean {
  const plain = expression.replace(/[()]/g, '');
  return plain
    .split(/ OR /i)
    .some((choice) => choice.split(/ AND /i).every((licence) => compatible.has(licence.trim())));
}

/** A package that leaves the text out has that of its siblings: one scope, one licence, one owner. */
async function textsFor(folder: string, license: string): Promise<string[]> {
  const own = await licenceTexts(folder);
  const scope = dirname(folder);
  if (own.length > 0 || !basename(scope).startsWith('@')) return own;
  for (const name of (await readdir(scope)).sort()) {
    const sibling = JSON.parse(await readFile(join(scope, name, 'package.json'), 'utf8'));
    const texts = sibling.license === license ? await licenceTexts(join(scope, name)) : [];
    if (texts.length > 0) return texts;
  }
  return [];
}

async function licenceTexts(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}

const quoted = (text: string): string => `\`\`\`text\n${text.trim().replaceAll('```', "'''")}\n\`\`\`\n`;
