import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Secret } from '../foundation/secret.ts';
import { type PlanOptions, planImageBuild } from './build-plan.ts';
import type { Dockerfile } from './dockerfile.ts';
import { fakeCapabilities } from './fake-engine.ts';
import { card, contextOf, credentialsOf, packageWith } from './fixture.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const dockerfile = (facts: Partial<Dockerfile> = {}): Dockerfile => ({
  path: 'docker/dummy.ubuntu.amd.Dockerfile',
  context: undefined,
  base: 'busybox',
  declaredArgs: [],
  usesSecretMounts: [],
  copiesFrom: [],
  ...facts,
});

function planned(options: Partial<PlanOptions> = {}, files: Record<string, string> = { 'docker/x': '' }) {
  const root = packageWith(files);
  roots.push(root);
  const plan = planImageBuild({
    root,
    card: card(),
    dockerfile: dockerfile(),
    context: contextOf({}),
    credentials: credentialsOf({}),
    envSecrets: [],
    capabilities: fakeCapabilities,
    cleanCache: false,
    ...options,
  });
  return { plan, root };
}

const github = credentialsOf({ AMD_GITHUB: { username: 'me', password: 'token-value' } });
const withCred = { card: card({ cred: 'AMD_GITHUB' }), credentials: github };

test('a plain build has its names, its folder and nothing secret', () => {
  const { plan, root } = planned({ context: contextOf({ docker_build_arg: { N: 1 } }), cleanCache: true });
  expect(plan).toMatchObject({
    image: 'ci-dummy_dummy.ubuntu.amd',
    model: 'dummy',
    dockerfilePath: join(root, 'docker/dummy.ubuntu.amd.Dockerfile'),
    contextDir: join(root, 'docker'),
    buildArgs: { N: '1' },
    secretEnv: {},
    secrets: {},
    noCache: true,
    pull: true,
    warnings: [],
  });
});

test.each([
  [{}, 'docker'],
  [{ dockerfile: 'docker/primus_pretrain' }, '.'],
  [{ dockercontext: './own' }, 'own'],
])('a card with %j has the context folder %s', (facts, expected) => {
  const { plan, root } = planned({ card: card(facts) }, { 'docker/x': '', 'own/x': '' });
  expect(plan.contextDir).toBe(join(root, expected));
});

test('a missing context folder is an error that names it and the key', () => {
  expect(() => planned({ card: card({ dockercontext: 'none' }) })).toThrow(
    expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining('none') }),
  );
  expect(() => planned({}, { file: '' })).toThrow(/\.\/docker \(the default/);
});

test.each(['..', '/', 'docker/../../x'])('the context folder %s is refused', (dockercontext) => {
  expect(() => planned({ card: card({ dockercontext }) })).toThrow(/outside of the package/);
});

test('a context folder that is a link out of the package is refused', () => {
  const root = packageWith({ 'docker/x': '' });
  const elsewhere = packageWith({ x: '' });
  roots.push(root, elsewhere);
  symlinkSync(elsewhere, join(root, 'own'));
  expect(() => planned({ root, card: card({ dockercontext: 'own' }) })).toThrow(/outside of the package/);
});

test('a credential is an engine secret always, a build argument only where the Dockerfile declares it', () => {
  const { plan } = planned({
    ...withCred,
    dockerfile: dockerfile({ declaredArgs: ['AMD_GITHUB_PASSWORD'] }),
  });
  expect(Object.keys(plan.secrets)).toEqual(['AMD_GITHUB_USERNAME', 'AMD_GITHUB_PASSWORD']);
  expect(plan.buildArgs).toEqual({ AMD_GITHUB_PASSWORD: null });
  expect(plan.secretEnv.AMD_GITHUB_PASSWORD?.reveal()).toBe('token-value');
  expect(plan.warnings).toEqual([
    expect.objectContaining({
      code: 'SECRET_IN_IMAGE_HISTORY',
      hint: expect.stringContaining('RUN --mount=type=secret,id=AMD_GITHUB_PASSWORD'),
    }),
  ]);
  expect(JSON.stringify(plan)).not.toContain('token-value');
});

test('a declared user name is passed too, without a warning', () => {
  const { plan } = planned({
    ...withCred,
    dockerfile: dockerfile({ declaredArgs: ['AMD_GITHUB_USERNAME'] }),
  });
  expect(plan.buildArgs).toEqual({ AMD_GITHUB_USERNAME: null });
  expect(plan.warnings).toEqual([]);
});

test('secrets of the environment travel like credentials', () => {
  const envSecrets = [new Secret('MAD_SECRETS_HF', 'hf-token')];
  const { plan } = planned({ envSecrets, dockerfile: dockerfile({ declaredArgs: ['MAD_SECRETS_HF'] }) });
  expect(plan.buildArgs).toEqual({ MAD_SECRETS_HF: null });
  expect(plan.secrets.MAD_SECRETS_HF?.reveal()).toBe('hf-token');
});

test('an argument of the context goes before a secret of its name, a variable left unexpanded does not', () => {
  const declared = { ...withCred, dockerfile: dockerfile({ declaredArgs: ['AMD_GITHUB_PASSWORD'] }) };
  const argsFor = (value: string) =>
    planned({ ...declared, context: contextOf({ docker_build_arg: { AMD_GITHUB_PASSWORD: value } }) }).plan
      .buildArgs;
  expect(argsFor('plain')).toEqual({ AMD_GITHUB_PASSWORD: 'plain' });
  expect(argsFor('$AMD_GITHUB_PASSWORD')).toEqual({ AMD_GITHUB_PASSWORD: null });
});

test('an argument of the context that repeats a secret is passed by name, with the warning where it is declared', () => {
  const context = contextOf({ docker_build_arg: { INDEX: 'https://me:hf-token@host/', MODE: 'fast' } });
  const envSecrets = [new Secret('MAD_SECRETS_HF', 'hf-token')];
  const { plan } = planned({ envSecrets, context, dockerfile: dockerfile({ declaredArgs: ['INDEX'] }) });
  expect(plan.buildArgs).toEqual({ INDEX: null, MODE: 'fast' });
  expect(plan.secretEnv.INDEX?.reveal()).toBe('https://me:hf-token@host/');
  expect(plan.warnings).toMatchObject([
    { code: 'SECRET_IN_IMAGE_HISTORY', message: expect.stringMatching(/INDEX:/) },
  ]);
  expect(planned({ envSecrets, context }).plan.warnings).toEqual([]);
});

test('an engine without build secrets gets none, and a Dockerfile that mounts some is warned about', () => {
  const capabilities = { ...fakeCapabilities, buildSecrets: false };
  const uses = dockerfile({ usesSecretMounts: ['TOKEN'] });
  const { plan } = planned({ ...withCred, capabilities, dockerfile: uses });
  expect(plan.secrets).toEqual({});
  expect(plan.warnings).toMatchObject([{ code: 'NO_BUILD_SECRETS' }]);
});

test('proxies of the environment are passed by name', () => {
  const env = { HTTPS_PROXY: 'http://u:p@proxy', no_proxy: 'localhost', HTTP_PROXY: '' };
  const { plan } = planned({ env });
  expect(plan.buildArgs).toEqual({ HTTPS_PROXY: null, no_proxy: null });
  expect(JSON.stringify(plan)).not.toContain('u:p');
});

test('docker/common is the named context `tools`, or a warning where the engine has none and it is used', () => {
  const files = { 'docker/common/x': '' };
  const uses = dockerfile({ copiesFrom: ['tools'] });
  const old = { ...fakeCapabilities, namedContexts: false };
  const { plan, root } = planned({}, files);
  expect(plan.namedContexts).toEqual({ tools: join(root, 'docker/common') });
  expect(planned({ capabilities: old, dockerfile: uses }, files).plan).toMatchObject({
    namedContexts: {},
    warnings: [{ code: 'NO_NAMED_CONTEXTS' }],
  });
  expect(planned({ capabilities: old }, files).plan.warnings).toEqual([]);
});
