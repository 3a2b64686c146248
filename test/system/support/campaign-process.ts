/**
 * A process that starts as a real one does: puts right what dead campaigns left, then runs a campaign of its own that
 * records one run after another, until it is killed or has done as many as its second argument says. The first is the
 * results root. It says 'ready' when it has begun, and a line more for each run that it has finished.
 */
import { systemClock as clock } from '../../../src/foundation/clock.ts';
import { silent } from '../../../src/foundation/event.ts';
import { newId } from '../../../src/foundation/id.ts';
import { createCampaign } from '../../../src/record/campaign/campaign-folder.ts';
import { reconcile } from '../../../src/record/campaign/reconcile.ts';
import { finishRun } from '../../../src/record/finish-run.ts';
import { perfWriter } from '../../../src/record/perf/perf-writer.ts';
import { sampleDraft, sampleMetric, sampleRecord } from '../../sample/record.ts';

const [resultsRoot = '', runs = '0'] = process.argv.slice(2);

console.log('ready');
await reconcile({ resultsRoot, host: 'node1', clock, emit: silent, cleanUp: async () => {} });
const campaign = await createCampaign({
  resultsRoot,
  perfCsv: 'perf.csv',
  id: newId(),
  command: 'run',
  argv: [],
  version: '0',
  host: 'node1',
  clock,
});
const writer = perfWriter(campaign.perfCsv, { clock });

async function one(): Promise<void> {
  const draft = sampleDraft({ campaign: campaign.id, run: newId() });
  await campaign.journal.append({ act: 'run.started', run: draft.run, draft });
  const metrics = ['a', 'b', 'c'].map((row) => sampleMetric({ row, columns: { padding: 'x'.repeat(5000) } }));
  await finishRun(campaign, writer, sampleRecord({ ...draft, metrics }));
  console.log(draft.run);
}

for (let done = 0; done < Number(runs); done += 2) await Promise.all([one(), one()]);
await campaign.close({ exitCode: 0 });
