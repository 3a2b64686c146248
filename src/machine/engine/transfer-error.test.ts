import { expect, test } from 'vitest';
import { MadError } from '../../foundation/error.ts';
import { isTransient, transferError, transferProblem } from './transfer-error.ts';

/** Printed by Docker 20.10 and 28.2, podman 4.3 and Docker Hub, the hosts' names aside. */
test.each([
  ['unauthorized: authentication required', 'unauthorized'],
  ['denied: requested access to the resource is denied', 'unauthorized'],
  ['no basic auth credentials', 'unauthorized'],
  ["pull access denied for x, repository does not exist or may require 'docker login'", 'unauthorized'],
  ['Error response from daemon: manifest for r.example/x:1 not found: manifest unknown', 'not-found'],
  ['An image does not exist locally with the tag: x', 'not-found'],
  ['Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.1:53: no such host', 'network'],
  ['Get "http://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', 'network'],
  ['net/http: request canceled while waiting for connection (Client.Timeout exceeded)', 'network'],
  ['received unexpected HTTP status: 502 Bad Gateway', 'server'],
  ['toomanyrequests: You have reached your pull rate limit', 'server'],
  ['http: server gave HTTP response to HTTPS client', 'certificate'],
  ['x509: certificate signed by unknown authority', 'certificate'],
  ['write /var/lib/docker/tmp/x: no space left on device', 'disk-full'],
  ['something else', 'other'],
])('%s is of the kind %s', (said, kind) => {
  expect(transferProblem(said)).toBe(kind);
});

const failed = (stderr: string) =>
  transferError(
    'Docker',
    'PUSH_FAILED',
    'The push of x',
    {
      argv: [],
      end: { kind: 'exited', exitCode: 1 },
      stdout: '',
      stderr,
      durationS: 0,
    },
    'registry.example:5000',
  );

test('trying again is worth it for the network and a busy registry only', () => {
  expect(isTransient(failed('dial tcp: i/o timeout'))).toBe(true);
  expect(isTransient(failed('unauthorized'))).toBe(false);
  expect(isTransient(new MadError('PUSH_FAILED', 'x'))).toBe(false);
  expect(isTransient(undefined)).toBe(false);
});

test('an engine that is not there is no failed push', () => {
  const error = failed('Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?');
  expect(error.code).toBe('ENGINE_UNAVAILABLE');
});

test('the message says what failed and what the engine said, the hint what to do', () => {
  const error = failed('Error response from daemon: unauthorized: nope\n');
  expect(error.message).toBe('The push of x failed (exit code 1): unauthorized: nope');
  expect(error.hint).toContain('credentials');
});

test.each([
  ['x509: certificate signed by unknown authority', '/etc/docker/certs.d/registry.example:5000/ca.crt'],
  ['http: server gave HTTP response to HTTPS client', 'insecure-registries'],
])('the hint for %s names the file to change', (said, file) => {
  expect(failed(`Get "https://registry.example:5000/v2/": ${said}`).hint).toContain(file);
});
