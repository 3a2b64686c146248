import type { MadEvent } from '../../foundation/event.ts';
import { ActivityBoard } from './activity.ts';
import { settingLines } from './config-report.ts';
import { estimateText } from './estimate-text.ts';
import { eventLine } from './event-line.ts';
import { widthOf } from './output.ts';
import { OutputLines } from './output-lines.ts';
import { planText } from './plan-text.ts';
import { progressText } from './progress-text.ts';
import type { Renderer, RendererOptions } from './renderer.ts';
import { safeLine } from './safe-text.ts';
import { Summary } from './summary.ts';

/** A log wants to show that something goes on, and no more. */
const progressEveryS = 10;
/** Of the time that is left; what takes less needs none. */
const estimateEveryS = 60;

/** One line per event that matters, for logs and pipes. Warnings go to standard error. */
export function plainRenderer(options: RendererOptions): Renderer {
  const { stdout, stderr, colours, clock } = options;
  const board = new ActivityBoard();
  const summary = new Summary();
  const pieces = new OutputLines();
  const settings: string[] = [];
  let progressAt = clock.monotonic();
  let estimateAt = Number.NEGATIVE_INFINITY;
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
  };

  const listen = (event: MadEvent): void => {
    summary.apply(event);
    print(outputOf(event, board, pieces));
    board.apply(event, 0);
    if (event.type === 'settings.read') {
      const lines = settingLines(event);
      if (options.settings === 'at once') stderr.write(`${lines.join('\n')}\n`);
      else settings.push(...lines);
    }
    if (event.type === 'plan.made') print(planText(event.plan, options.settings ? settings : []));
    if (event.type === 'campaign.ended') {
      print(summary.lines(event, { width: widthOf(stdout), colours, cwd: options.cwd }));
    }
    if (event.type === 'data.progress' && clock.monotonic() - progressAt >= progressEveryS) {
      progressAt = clock.monotonic();
      print([safeLine(progressText(event))]);
    }
    if (event.type === 'campaign.estimate' && event.remaining_s >= estimateEveryS) {
      const isDue = clock.monotonic() - estimateAt >= estimateEveryS;
      if (isDue) print([estimateText(event)]);
      if (isDue) estimateAt = clock.monotonic();
    }
    const line = eventLine(event, options.verbose);
    if (!line) return;
    const text = [`${ownerOf(event, board)}${line.text}`, ...line.more.map((one) => `  ${one}`)].join('\n');
    const tone = line.tone === 'bad' ? colours.red : line.tone === 'warning' ? colours.yellow : String;
    (line.tone === 'warning' ? stderr : stdout).write(`${tone(text)}\n`);
  };

  return { listen, stop: () => print(pieces.sources.flatMap((source) => pieces.end(source))) };
}

/** Whose stage or metric it is, where several models run at once. */
export function ownerOf(event: MadEvent, board: ActivityBoard): string {
  const isStep = event.type === 'metric.found' || /^(?:stage|sample)\./.test(event.type);
  const subject = isStep && board.isConcurrent ? board.subjectOf(event) : undefined;
  return subject === undefined ? '' : `[${safeLine(subject)}] `;
}

/** Complete lines of live output that an event brings; they name their source while several are going on. */
export function outputOf(event: MadEvent, board: ActivityBoard, pieces: OutputLines): string[] {
  const subject = board.subjectOf(event);
  const source = `${event.run ?? ''} ${subject ?? ''}`;
  const named = (lines: string[]): string[] =>
    (board.active.length > 1 || board.isConcurrent) && subject
      ? lines.map((line) => `[${subject}] ${line}`)
      : lines;
  if (event.type === 'run.output' || event.type === 'build.output')
    return named(pieces.add(source, event.text));
  if (event.type === 'run.ended' || event.type === 'build.ended') return named(pieces.end(source));
  return [];
}
