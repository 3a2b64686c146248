import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Credentials, readCredentials } from '../../package/credential-file.ts';
import { nasPlace } from './nas-nodes.ts';

const credentialsOf = (nodes?: unknown): Promise<Credentials> =>
  readCredentials('/nowhere', nodes === undefined ? {} : { NAS_NODES: JSON.stringify(nodes) });

test('keys in either case, a port as number or text, and one object for a list are the same', async () => {
  const upper = { NAME: 'one', HOST: 'h', PORT: 2222, USERNAME: 'u', PASSWORD: 'open sesame' };
  const lower = { name: 'one', host: 'h', port: '2222', username: 'u', password: 'open sesame' };
  for (const nodes of [[upper], [lower], upper, lower]) {
    const place = nasPlace('/data/x/', await credentialsOf(nodes), '/mad');
    expect(place.path).toBe('/data/x');
    expect(place.nodes).toMatchObject([{ name: 'one', host: 'h', login: { user: 'u', port: 2222 } }]);
    expect(place.nodes[0]?.login.password?.reveal()).toBe('open sesame');
  }
});

test('a host alone leaves all else to ssh', async () => {
  const { nodes } = nasPlace('/data', await credentialsOf([{ HOST: 'nas-1' }]), '/mad');
  expect(nodes).toEqual([{ name: 'nas-1', host: 'nas-1', login: {} }]);
});

test('a path may name its host, with the login of the node of that name', async () => {
  const credentials = await credentialsOf([{ HOST: 'a' }, { NAME: 'second', HOST: 'b', PORT: 7 }]);
  expect(nasPlace('second:/data', credentials, '/mad').nodes).toEqual([
    { name: 'second', host: 'b', login: { port: 7 } },
  ]);
  expect(nasPlace('me@other:/data', credentials, '/mad')).toEqual({
    path: '/data',
    nodes: [{ name: 'other', host: 'other', login: { user: 'me' } }],
  });
  expect(nasPlace('other:/data', await credentialsOf(), '/mad').nodes).toHaveLength(1);
});

test.each([
  ['', 'is empty'],
  ['  ', 'is empty'],
  ['host:/', 'is the whole machine'],
  ['//', 'is the whole machine'],
  ['/./', 'is the whole machine'],
  ['data', 'is not absolute'],
  ['/a/../b', 'has .. in it'],
  ['/a\nb', 'control characters'],
  ['/a\\b*', 'a backslash'],
  ['-oProxyCommand=x:/data', 'begins with -'],
  ['-l@h:/data', 'begins with -'],
  ['$(x):/data', 'no host or user name'],
])('the path %j is refused', async (path, why) => {
  const credentials = await credentialsOf([{ HOST: 'h' }]);
  expect(() => nasPlace(path, credentials, '/mad')).toThrow(why);
});

test.each([
  [{ NAME: 'x' }, 'NAS_NODES[0] has no HOST'],
  [{ HOST: '-oProxyCommand=x' }, 'NAS_NODES[0].HOST begins with -'],
  [{ HOST: 'a b' }, 'NAS_NODES[0].HOST has characters'],
  [{ HOST: 'h', USERNAME: '-l' }, 'NAS_NODES[0].USERNAME begins'],
  [{ HOST: 'h', PORT: 70_000 }, 'NAS_NODES[0].PORT is no port'],
  [{ HOST: 'h', PORT: 'x' }, 'NAS_NODES[0].PORT is no port'],
  [{ HOST: 'h', PASSWORD: 'hunter2\nhunter2' }, 'NAS_NODES[0].PASSWORD has several lines'],
])('the node %j is refused without its secrets', async (node, message) => {
  const credentials = await credentialsOf([node]);
  let thrown: unknown;
  try {
    nasPlace('/d', credentials, '/mad');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'INVALID_ENVIRONMENT', message: expect.stringContaining(message) });
  expect(String(thrown)).not.toContain('hunter2');
});

test('no path brings a word that ssh or rsync takes for an option', async () => {
  const credentials = await credentialsOf();
  fc.assert(
    fc.property(fc.string(), fc.string(), (host, path) => {
      try {
        const place = nasPlace(`${host}:/${path}`, credentials, '/mad');
        expect(place.path).toMatch(/^\/[^/]/);
        for (const node of place.nodes)
          expect(`${node.host} ${node.login.user ?? 'u'}`).toMatch(/^[^-]\S* [^-]\S*$|^\w \w$/);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_FILE' });
      }
    }),
  );
});
