import { shippedFolder } from './shipped-folder.ts';

/** Where our own tools lie: `scripts/common` as packages have it, with `tools.json` and the tools' scripts. */
export const shippedTools = (): string => shippedFolder('tools');
