import type { EventBody } from '../foundation/event.ts';
import type { EngineKind } from '../machine/engine/engine.ts';
import type { ProgramEnd } from '../record/judge.ts';
import { controlFiles } from '../stage/stage.ts';
import type { JobPlan } from './plan-job.ts';

/** What `--keep-alive` left, how to enter it, to run its model in it, and to remove it. */
export function keptContainer(plan: JobPlan, engine: EngineKind, end: ProgramEnd['kind']): EventBody {
  const { name } = plan.container;
  const { stages, control } = plan.program;
  // What was ended by force has no process any more that one could enter.
  const isUp = end === 'exited';
  // The files of the run are no longer those of the card's own user.
  const asRoot = plan.user === undefined ? '' : '--user 0 ';
  const model = stages.findIndex((stage) => stage.name === 'run');
  const hint = [
    isUp
      ? `Look into it: ${engine} exec -it ${name} sh`
      : `Take files out of it: ${engine} cp ${name}:PATH .`,
    ...(isUp && model !== -1
      ? [
          `Run the model in it: ${engine} exec ${asRoot}${name} sh ${control}/${controlFiles.program} ${model}`,
        ]
      : []),
    `Remove it: ${engine} rm --force ${name}`,
  ].join('\n');
  const message = `the container ${name} was kept${isUp ? ' and is running' : ', stopped'}`;
  return { type: 'notice', level: 'info', code: 'CONTAINER_KEPT', message, hint };
}
