import { expect, test } from 'vitest';
import { keptContainer } from './kept-container.ts';
import type { JobPlan } from './plan-job.ts';

const plan = {
  container: { name: 'c' },
  program: { control: '/madengine', stages: [{ name: 'environment' }, { name: 'run' }] },
} as unknown as JobPlan;

test('who keeps a container is told how to enter it, run the model in it, and remove it', () => {
  expect(keptContainer(plan, 'podman', 'exited')).toMatchObject({
    level: 'info',
    code: 'CONTAINER_KEPT',
    message: 'the container c was kept and is running',
    hint: `Look into it: podman exec -it c sh
Run the model in it: podman exec c sh /madengine/stages.sh 1
Remove it: podman rm --force c`,
  });
});

test('a container that was ended by force can not be entered', () => {
  expect(keptContainer(plan, 'docker', 'timed-out')).toMatchObject({
    message: 'the container c was kept, stopped',
    hint: 'Take files out of it: docker cp c:PATH .\nRemove it: docker rm --force c',
  });
});
