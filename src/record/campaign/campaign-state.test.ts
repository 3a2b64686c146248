import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../foundation/clock.ts';
import { newId } from '../../foundation/id.ts';
import { createCampaign } from './campaign-folder.ts';
import { campaignState } from './campaign-state.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'campaign-state-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const create = () => {
  const about = { perfCsv: 'perf.csv', command: 'run', argv: [], version: '0', host: 'node1' } as const;
  return createCampaign({ resultsRoot: root, id: newId(), clock, ...about });
};

test('who holds its lock is live, and what nobody knows tells nothing', async () => {
  const campaign = await create();
  expect(campaignState(root, campaign.id)).toBe('live');
  expect(campaignState(join(root, 'gone'), campaign.id)).toBe('unknown');
  expect(campaignState(root, 'no id')).toBe('unknown');
  await campaign.close({ exitCode: 0, settled: true });
  expect(campaignState(root, campaign.id)).toBe('dead');
});

test.skipIf(process.getuid?.() !== 0)('what another user may not look at is not taken for dead', async () => {
  const campaign = await create();
  const asNobody = () => {
    // Loaded first: nobody may not be able to read it later.
    const program = `
      const { campaignState } = await import(${JSON.stringify(join(import.meta.dirname, 'campaign-state.ts'))});
      campaignState(${JSON.stringify(root)}, 'no id');
      process.setgid(65534);
      process.setuid(65534);
      console.log(campaignState(${JSON.stringify(root)}, ${JSON.stringify(campaign.id)}));`;
    const argv = ['--input-type=module', '--no-warnings', '--eval', program];
    return execFileSync(process.execPath, argv, { encoding: 'utf8' }).trim();
  };
  await chmod(root, 0o755);
  const seen = asNobody();
  await chmod(join(root, '.madengine'), 0o700);
  expect([seen, asNobody()]).toEqual([expect.stringMatching(/^(?:live|unknown)$/), 'unknown']);
  await chmod(root, 0o700);
  expect(asNobody()).toBe('unknown');
  await campaign.close({ exitCode: 0, settled: true });
});
