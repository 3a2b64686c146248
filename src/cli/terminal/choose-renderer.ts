import type { Clock } from '../../foundation/clock.ts';
import { coloursFor } from './colours.ts';
import { isLive, type Output, wantsColour } from './output.ts';
import type { Renderer, RendererOptions } from './renderer.ts';

export interface Wish extends Pick<RendererOptions, 'verbose' | 'settings'> {
  json: boolean;
  /** Standard output is for an answer: what happens is told on standard error, in plain lines. */
  answers?: boolean;
}

export interface Screen {
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  cwd: string;
}

/** JSON lines, drawn over on a terminal, or plain lines; only the one that is needed is loaded. */
export async function chooseRenderer(wish: Wish, screen: Screen): Promise<Renderer> {
  const { stdout, stderr, env, clock, cwd } = screen;
  const answers = wish.answers ?? false;
  if (wish.json && !answers) return (await import('./json.ts')).jsonRenderer(stdout);
  const shown = answers ? stderr : stdout;
  const options: RendererOptions = {
    stdout: shown,
    stderr,
    clock,
    colours: coloursFor(wantsColour(shown, env)),
    verbose: wish.verbose,
    ...(wish.settings === undefined ? {} : { settings: wish.settings }),
    cwd,
  };
  if (answers || !isLive(stdout, env)) return (await import('./plain.ts')).plainRenderer(options);
  return (await import('./live.ts')).liveRenderer(options);
}
