import fc from 'fast-check';
import { expect, test } from 'vitest';
import { environmentCsv } from './environment-csv.ts';
import { environmentSections, type SeenSection, sectionHeader } from './environment-section.ts';

const seen = (name: string, text: string, state: SeenSection['state'] = 'ok'): SeenSection => {
  const section = environmentSections.find((one) => one.name === name);
  if (!section) throw new Error(name);
  return { section, state, text };
};

test('each section is its header and a line of key and value for each of its lines', () => {
  const table = environmentCsv([
    seen('os_information', 'NAME="Ubuntu"\n/proc/sys/kernel/osrelease: 6.8.0\n'),
    seen('pip_list', '$ importlib.metadata\ntorch==2.6.0+rocm6.4\n'),
    seen('packages_installed', 'bash 5.2-1\n\na title of several words\n'),
  ]);
  expect(table.split('\n')).toEqual([
    'sep=|',
    '------- Section: os_information    ----------',
    'NAME|"""Ubuntu"""',
    '/proc/sys/kernel/osrelease|6.8.0',
    '------- Section: pip_list    ----------',
    '$|importlib.metadata',
    'torch|2.6.0+rocm6.4',
    '------- Section: packages_installed    ----------',
    'bash|5.2-1',
    'a title of several words|',
    '',
  ]);
});

test('what is not there, and what is no table, is left out', () => {
  const table = environmentCsv([
    seen('pip_list', 'python3: not here\n', 'absent'),
    seen('rocm_smi_topology', 'a | picture\n'),
  ]);
  expect(table).toBe('sep=|\n');
});

test('every line is two cells, whatever a section holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (line) => {
      const text = `${line.replaceAll(/[\n\r]/g, ' ')}\n`;
      const lines = environmentCsv([seen('os_information', text)])
        .split('\n')
        .slice(0, -1);
      const [first, header, row] = lines;
      expect([first, header]).toEqual(['sep=|', sectionHeader('os_information')]);
      if (text.trim() === '') expect(lines).toHaveLength(2);
      else expect(cells(row ?? '')).toHaveLength(2);
    }),
  );
});

/** Reads one line of such a table. */
function cells(line: string): string[] {
  const found = line.match(/("(?:[^"]|"")*"|[^|"]*)(?:\||$)/g) ?? [];
  const whole = found.join('') === line ? found : [];
  return (line.endsWith('|') ? whole : whole.slice(0, -1)).length === 0 ? whole : whole.slice(0, 2);
}
