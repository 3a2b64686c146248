import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'test/**/*.md'], { cwd: root });
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const withoutBlocks = (text: string): string => text.replace(/^( *)```.*?^\1```$/gms, '');

/** As web pages of repositories make them of headings. */
function anchorsOf(text: string): string[] {
  const headings = withoutBlocks(text).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong with a link; undefined for a good one, and for one that leads out of the repository. */
function problemOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
  if (!existsSync(join(root, target))) return `${page}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).includes(anchor)) return;
  return `${page}: ${target} has no heading for #${anchor}`;
}

test('every link of the documentation leads to a file and a heading that are there', () => {
  const problems = pages.flatMap((page) =>
    [...withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => problemOf(page, link)),
  );
  expect(problems.length).toBeGreaterThan(100);
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

test('every page of docs/ can be reached from the README', () => {
  const readme = read('README.md');
  const named = (page: string): boolean => readme.includes(`(${page}`);
  expect(pages.filter((page) => page.startsWith('docs/') && !named(page))).toEqual([]);
});
