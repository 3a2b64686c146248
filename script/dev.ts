/** Runs a program from its sources: `node script/dev.ts [madengine|madengine-cli] …`, in any folder. */
import packageJson from '../package.json' with { type: 'json' };
import { main } from '../src/cli/main.ts';
import { programs } from '../src/cli/option-spec.ts';

const program = programs.find((name) => name === process.argv[2]);
if (program !== undefined) process.argv.splice(2, 1);
await main(program ?? 'madengine-cli', packageJson.version);
