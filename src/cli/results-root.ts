import { dirname, resolve } from 'node:path';

/** The folder of `--output`, absolute: where a command that only looks finds its campaigns. */
export const resultsRootOf = (output: string, cwd: string): string => dirname(resolve(cwd, output));
