/** What our programs take to start, over a Node.js that does nothing. Needs the built program in `dist/`. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { compare, print, report } from './measure.ts';

const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const node = (name: string, ...args: string[]) => ({
  name,
  act: () => {
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${status}; is there a dist/ (npm run build)?`);
  },
});

const nothing = node('node -e 0', '-e', '0');
const options = { repeats: 25, warmUps: 3 };
const version = await compare(nothing, node('--version', program, '--version'), options);
const help = await compare(nothing, node('--help', program, '--help'), options);
const commandHelp = await compare(nothing, node('run --help', program, 'run', '--help'), options);

report('--version over node -e 0', version.ratio, 1.3);
report('--help over node -e 0', help.ratio, 1.7);
report('run --help over node -e 0', commandHelp.ratio, 1.7);
print('startup', [version.baseline, version.candidate, help.candidate, commandHelp.candidate]);
