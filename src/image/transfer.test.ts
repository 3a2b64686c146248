import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { Secret } from '../foundation/secret.ts';
import { TransferError } from '../machine/engine/transfer-error.ts';
import { type FakeEngine, fakeEngine } from './fake-engine.ts';
import { listening, testClock } from './fixture.ts';
import { type EnsureOptions, ensureImage } from './pull.ts';
import { type PushOptions, pushImage } from './push.ts';

const login = { registry: 'localhost:5000', username: 'me', password: new Secret('p', 'password') };
const digest = `sha256:${'d'.repeat(64)}`;
const registryImage = 'localhost:5000/ci-x';
const byDigest = `${registryImage}@${digest}`;

const pushError = (problem: 'network' | 'unauthorized' | 'disk-full') =>
  new TransferError('PUSH_FAILED', problem, `push: ${problem}`, 'What to do.');
const pullError = (problem: 'network' | 'unauthorized') =>
  new TransferError('PULL_FAILED', problem, `pull: ${problem}`, 'What to do.');
const loginRefused = () => new TransferError('LOGIN_FAILED', 'unauthorized', 'login: unauthorized', '');

async function pushed(engine: FakeEngine, options: Partial<PushOptions> = {}) {
  const { emit, events } = listening();
  const clock = testClock();
  const result = await pushImage({
    engine,
    image: 'ci-x',
    registryImage,
    configDir: '/client',
    emit,
    clock,
    signal: new AbortController().signal,
    ...options,
  });
  return { result, events, slept: clock.slept };
}

async function ensured(engine: FakeEngine, options: Partial<EnsureOptions> = {}) {
  const { emit, events } = listening();
  const result = await ensureImage({
    engine,
    image: 'ci-x',
    configDir: '/client',
    emit,
    clock: testClock(),
    signal: new AbortController().signal,
    ...options,
  });
  return {
    result,
    events,
    notices: events.flatMap((event) => (event.type === 'notice' ? [event.code] : [])),
  };
}

test('a push logs in, tags, pushes, and knows the digest', async () => {
  const engine = fakeEngine({ pushDigest: digest });
  const { result, events } = await pushed(engine, { login });
  expect(engine.asked).toEqual([
    'login localhost:5000 me /client',
    'tag ci-x localhost:5000/ci-x',
    'push localhost:5000/ci-x with /client',
  ]);
  expect(result).toMatchObject({ image: 'ci-x', registryImage, digest, status: 'SUCCESS' });
  expect(events.map(({ type }) => type)).toEqual(['push.started', 'push.progress', 'push.ended']);
});

test("without a login the engine's own store serves", async () => {
  const engine = fakeEngine();
  await pushed(engine);
  expect(engine.asked).toEqual(['tag ci-x localhost:5000/ci-x', 'push localhost:5000/ci-x']);
});

test('the network gets three tries with growing waits', async () => {
  const network = () => pushError('network');
  const twice = await pushed(fakeEngine({ failures: { push: [network(), network()] } }));
  expect(twice.result.status).toBe('SUCCESS');
  expect(twice.slept).toEqual([1000, 2000]);
  const thrice = await pushed(fakeEngine({ failures: { push: [network(), network(), network()] } }));
  expect(thrice.result).toMatchObject({
    status: 'FAILURE',
    digest: '',
    failure: { class: 'push', stage: 'push', message: 'push: network. What to do.' },
  });
});

test('a refused push is not tried again', async () => {
  const engine = fakeEngine({ failures: { push: [pushError('unauthorized')] } });
  const { result, slept, events } = await pushed(engine);
  expect(slept).toEqual([]);
  expect(result.failure).toMatchObject({ class: 'push', stage: 'push' });
  expect(events.at(-1)).toMatchObject({ type: 'push.ended', status: 'FAILURE' });
});

test('a failed login is a failed push', async () => {
  const { result } = await pushed(fakeEngine({ failures: { login: [loginRefused()] } }), { login });
  expect(result.failure).toMatchObject({ class: 'push', stage: 'login' });
});

test.each([
  [pushError('disk-full'), 'disk_full'],
  [new MadError('ENGINE_UNAVAILABLE', 'gone'), 'engine'],
  [new MadError('INTERRUPTED', 'stopped'), 'interrupted'],
])('%s has the class %s', async (error, expected) => {
  const { result } = await pushed(fakeEngine({ failures: { push: [error] } }));
  expect(result.failure?.class).toBe(expected);
});

test('a local image is used when it has the id of the manifest', async () => {
  const engine = fakeEngine({ images: { 'ci-x': { id: 'sha256:1' } } });
  const { result, events } = await ensured(engine, { imageId: 'sha256:1', registryImage, digest });
  expect(result).toMatchObject({ reference: 'sha256:1', imageId: 'sha256:1', digest, status: 'SUCCESS' });
  expect(events).toEqual([]);
  expect(engine.asked).toEqual([]);
});

test('a local image is used when it has the digest of the manifest', async () => {
  const engine = fakeEngine({ images: { [byDigest]: { id: 'sha256:2' } } });
  const { result } = await ensured(engine, { registryImage, digest });
  expect(result).toMatchObject({ reference: byDigest, imageId: 'sha256:2', status: 'SUCCESS' });
});

test('a local image that is another one is not used: the right one is pulled by its digest', async () => {
  const engine = fakeEngine({
    images: { 'ci-x': { id: 'sha256:other' } },
    registry: { [byDigest]: { id: 'sha256:1' } },
  });
  const { result, events } = await ensured(engine, { registryImage, digest, imageId: 'sha256:1', login });
  expect(engine.asked).toEqual(['login localhost:5000 me /client', `pull ${byDigest} with /client`]);
  expect(result).toMatchObject({ reference: byDigest, imageId: 'sha256:1', digest, status: 'SUCCESS' });
  expect(events.map(({ type }) => type)).toEqual(['pull.started', 'pull.ended']);
});

test('a failed login still pulls what is public', async () => {
  const registry = { [byDigest]: { id: 'sha256:1' } };
  const engine = fakeEngine({ registry, failures: { login: [loginRefused()] } });
  const { result, notices } = await ensured(engine, { registryImage, digest, login });
  expect(result.status).toBe('SUCCESS');
  expect(engine.asked.at(-1)).toBe(`pull ${byDigest}`);
  expect(notices).toEqual(['LOGIN_FAILED']);
});

test('a pull is tried again after the network failed, and not after a refusal', async () => {
  const registry = { [byDigest]: { id: 'sha256:1' } };
  const flaky = fakeEngine({ registry, failures: { pull: [pullError('network')] } });
  expect((await ensured(flaky, { registryImage, digest })).result.status).toBe('SUCCESS');
  const closed = fakeEngine({ registry, failures: { pull: [pullError('unauthorized')] } });
  const { result } = await ensured(closed, { registryImage, digest });
  expect(result.failure).toMatchObject({
    class: 'pull',
    stage: 'pull',
    message: 'pull: unauthorized. What to do.',
  });
});

test('an image without a registry that is another one here is a failure with words', async () => {
  const engine = fakeEngine({ images: { 'ci-x': { id: 'sha256:other' } } });
  const { result } = await ensured(engine, { imageId: 'sha256:1' });
  expect(result).toMatchObject({ reference: '', status: 'FAILURE', failure: { class: 'pull' } });
  expect(result.failure?.message).toMatch(/sha256:other is here, sha256:1 was built/);
});

test('what the campaign itself built is run by its id, whoever took its name meanwhile', async () => {
  const images = { 'ci-x': { id: 'sha256:other' }, 'sha256:1': { id: 'sha256:1' } };
  const built = await ensured(fakeEngine({ images }), { imageId: 'sha256:1', builtHere: true });
  expect(built.result).toMatchObject({ reference: 'sha256:1', imageId: 'sha256:1', status: 'SUCCESS' });
  const removed = await ensured(fakeEngine({ images: { 'ci-x': { id: 'sha256:other' } } }), {
    imageId: 'sha256:1',
    builtHere: true,
  });
  expect(removed.result).toMatchObject({ status: 'FAILURE', failure: { class: 'pull' } });
});

test('an image that is nowhere is a failure that says what to do', async () => {
  const { result } = await ensured(fakeEngine(), { imageId: 'sha256:1' });
  expect(result.failure?.message).toMatch(/not on this machine.*--registry/);
});

test('a digest that the registry lost is no reason to take the image of that name', async () => {
  const engine = fakeEngine({ images: { 'ci-x': { id: 'sha256:other' } } });
  const { result } = await ensured(engine, { registryImage, digest });
  expect(result.status).toBe('FAILURE');
});

test('an old manifest pulls by tag, with a notice', async () => {
  const engine = fakeEngine({ registry: { [registryImage]: { id: 'sha256:1', repoDigests: [byDigest] } } });
  const { result, notices } = await ensured(engine, { registryImage });
  expect(result).toMatchObject({ reference: 'sha256:1', digest, status: 'SUCCESS' });
  expect(notices).toEqual(['IMAGE_BY_TAG']);
});

test('an old manifest whose registry is gone, or that has none, takes the local name, with a notice', async () => {
  const images = { 'ci-x': { id: 'sha256:1' } };
  const gone = await ensured(fakeEngine({ images }), { registryImage });
  expect(gone).toMatchObject({ result: { reference: 'sha256:1' }, notices: ['IMAGE_BY_NAME'] });
  const none = await ensured(fakeEngine({ images }));
  expect(none).toMatchObject({ result: { reference: 'sha256:1' }, notices: ['IMAGE_BY_NAME'] });
});

test('a tag is enough where the id of the manifest shows that it is the same image', async () => {
  const engine = fakeEngine({ registry: { [registryImage]: { id: 'sha256:1' } } });
  const { result, notices } = await ensured(engine, { registryImage, imageId: 'sha256:1' });
  expect(result).toMatchObject({ reference: 'sha256:1', status: 'SUCCESS' });
  expect(notices).toEqual([]);
});

test('a tag that names another image by now is a failure', async () => {
  const engine = fakeEngine({ registry: { [registryImage]: { id: 'sha256:new' } } });
  const { result } = await ensured(engine, { registryImage, imageId: 'sha256:1' });
  expect(result.failure?.message).toMatch(/another image/);
});

test("an image of the user's is taken by its name, from here or from its registry", async () => {
  const here = await ensured(fakeEngine({ images: { 'ci-x': { id: 'sha256:1' } } }), { localImage: true });
  expect(here).toMatchObject({ result: { reference: 'sha256:1' }, notices: [] });
  const engine = fakeEngine({ registry: { 'rocm/x': { id: 'sha256:2' } } });
  const pulled = await ensured(engine, { image: 'rocm/x', localImage: true });
  expect(pulled).toMatchObject({ result: { reference: 'sha256:2' }, notices: [] });
});
