import type { EventOf, MadEvent } from '../../foundation/event.ts';
import { type Activity, ActivityBoard } from './activity.ts';
import { settingLines } from './config-report.ts';
import { durationText } from './duration-text.ts';
import { estimateText } from './estimate-text.ts';
import { type EventLine, eventLine } from './event-line.ts';
import { LiveRegion, type RegionLine } from './live-region.ts';
import { widthOf } from './output.ts';
import { OutputLines } from './output-lines.ts';
import { outputOf, ownerOf } from './plain.ts';
import { planText } from './plan-text.ts';
import type { Renderer, RendererOptions } from './renderer.ts';
import { safeLine } from './safe-text.ts';
import { Summary } from './summary.ts';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const frameMs = 120;

/** For a terminal: a line for each thing that is going on, and what has ended scrolls above. */
export function liveRenderer(options: RendererOptions): Renderer {
  const { stdout, clock, colours } = options;
  const region = new LiveRegion(stdout);
  const board = new ActivityBoard();
  const summary = new Summary();
  const pieces = new OutputLines();
  const settings: string[] = [];
  let stopped = false;
  let estimate: { event: EventOf<'campaign.estimate'>; at: number } | undefined;

  const draw = (above: readonly string[] = []): void => {
    const now = clock.monotonic();
    const frame = Math.floor((now * 1000) / frameMs);
    const lines = board.active.map((activity) => regionLine(activity, now, frame));
    if (estimate && lines.length > 0) {
      lines.push({ text: `  ${estimateText(estimate.event, now - estimate.at)}`, style: colours.dim });
    }
    region.draw(lines, above);
  };
  // Keeps no process alive, and a terminal that was resized is drawn anew within a frame.
  const timer = setInterval(draw, frameMs).unref();

  const listen = (event: MadEvent): void => {
    if (stopped) return;
    const above = [...outputOf(event, board, pieces)];
    summary.apply(event);
    board.apply(event, clock.monotonic());
    const line = eventLine(event, options.verbose);
    // What starts stands in the region already.
    if (line && line.tone !== 'start') {
      above.push(...finishedLines({ ...line, text: `${ownerOf(event, board)}${line.text}` }, options));
    }
    if (event.type === 'campaign.estimate') estimate = { event, at: clock.monotonic() };
    if (event.type === 'settings.read') {
      (options.settings === 'at once' ? above : settings).push(...settingLines(event));
    }
    if (event.type === 'plan.made') above.push(...planText(event.plan, options.settings ? settings : []));
    if (event.type === 'campaign.ended') {
      estimate = undefined;
      above.push(...summary.lines(event, { width: widthOf(stdout), colours, cwd: options.cwd }));
    }
    draw(above);
  };

  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    region.clear(pieces.sources.flatMap((source) => pieces.end(source)));
  };
  return { listen, stop };
}

function regionLine(activity: Activity, now: number, frame: number): RegionLine {
  const elapsed = durationText(Math.floor(now - activity.since)).replace(/\.0 /, ' ');
  const detail = activity.detail === '' ? '' : `  ${activity.detail}`;
  return {
    text: safeLine(
      `${spinner[frame % spinner.length]} ${activity.verb} ${activity.subject}  ${elapsed}${detail}`,
    ),
  };
}

function finishedLines(line: EventLine, { colours }: RendererOptions): string[] {
  const marks = {
    start: ' ',
    info: ' ',
    good: colours.green('✔'),
    bad: colours.red('✖'),
    skipped: colours.yellow('–'),
    warning: colours.yellow('!'),
  } as const;
  return [`${marks[line.tone]} ${line.text}`, ...line.more.map((one) => `    ${colours.dim(one)}`)];
}
