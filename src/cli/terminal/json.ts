import type { Output } from './output.ts';
import type { Renderer } from './renderer.ts';

/** `--json`: every event as one line of JSON, as it comes. */
export const jsonRenderer = (stdout: Output): Renderer => ({
  listen: (event) => stdout.write(`${JSON.stringify(event)}\n`),
  stop: () => {},
});
