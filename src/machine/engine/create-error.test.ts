import { expect, test } from 'vitest';
import { createError } from './create-error.ts';

const spec = {
  ...{ name: 'c', image: 'i', labels: {}, mounts: [], env: {} },
  ...{ workdir: '', user: 'root', options: [] },
};

const saying = (stderr: string) =>
  createError('Docker', spec, {
    ...{ argv: ['docker', 'run'], stdout: '', stderr, durationS: 0 },
    end: { kind: 'exited', exitCode: 125 },
  });

test.each([
  'docker: Error response from daemon: OCI runtime create failed: error running hook: exit status 1, stdout: , stderr: nvidia-container-cli: device error: 3: unknown device: unknown.',
  'docker: Error response from daemon: error gathering device information while adding custom device "/dev/dri/renderD129": no such file or directory.',
])('a device that went away is the device’s failure, and another try may do better: %s', (stderr) => {
  expect(saying(stderr)).toMatchObject({ code: 'DEVICE_UNAVAILABLE', passes: true });
});

test('an engine that can give no GPU at all is told from a GPU that went away', () => {
  const error = saying('could not select device driver "" with capabilities: [[gpu]].');
  expect(error).toMatchObject({
    code: 'ENGINE_FAILED',
    passes: false,
    hint: expect.stringContaining('Toolkit'),
  });
});
