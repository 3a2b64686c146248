import type { Clock } from '../foundation/clock.ts';
import type { Report } from '../record/report.ts';
import { callPlugin, type PluginSource, wrongAnswer } from './call.ts';
import type { ReportPlugin } from './definition.ts';

const renderLimitS = 120;
/** Who stopped the campaign still gets the reports that are quick. */
const stoppedLimitS = 5;

export const asReport = (
  plugin: ReportPlugin,
  source: PluginSource,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Report => ({
  name: plugin.name,
  title: `${plugin.name} report`,
  async render(campaign) {
    // A copy: records are final, and other reports read them, too.
    const act = (): unknown => plugin.render(structuredClone(campaign));
    const limits = signal.aborted ? { limitS: stoppedLimitS } : { signal, limitS: renderLimitS };
    const answer = await callPlugin(source, 'render', act, { clock, ...limits });
    if (typeof answer !== 'string') throw wrongAnswer(source, 'render', 'text', answer);
    return answer;
  },
});
