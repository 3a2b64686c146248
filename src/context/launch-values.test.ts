import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkKnownKeys } from './known-keys.ts';
import { address, hostList, interfaces, launcherName, port } from './launch-values.ts';

const safe = /^[A-Za-z0-9._:,=^@-]*$/;

test('no text that a reader lets through has a character that a shell acts on', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9.:,;$`' ]{0,20}$/));
  fc.assert(
    fc.property(texts, (text) => {
      for (const kind of [address, interfaces, launcherName]) expect(kind.read(text) ?? '').toMatch(safe);
      for (const { name } of hostList.read(text) ?? []) expect(name).toMatch(safe);
    }),
  );
});

test('any list of hosts, with and without slots, is read back', () => {
  const host = fc.record(
    {
      name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/),
      slots: fc.integer({ min: 1, max: 100_000 }),
    },
    { requiredKeys: ['name'] },
  );
  fc.assert(
    fc.property(fc.array(host, { minLength: 1 }), fc.constantFrom(',', ', '), (hosts, comma) => {
      const text = hosts.map(({ name, slots }) => (slots === undefined ? name : `${name}:${slots}`));
      expect(hostList.read(text.join(comma))).toEqual(hosts.map((each) => ({ ...each })));
    }),
  );
});

test.each(['10.0.0.1', 'node-1.cluster.local', 'my_node', 'fe80::1', '::1'])('%s is an address', (text) => {
  expect(address.read(text)).toBe(text);
});

test.each(['-x', 'a b', 'a;b', '$(x)', '', 'a/b', '*', ':', 7, null])('%j is no address', (value) => {
  expect(address.read(value)).toBeUndefined();
});

test('lists with holes, odd slots or options in them are none', () => {
  for (const text of ['', ',', 'a,', 'a:0', 'a:x', 'a:1:2', '--host', 'a b']) {
    expect(hostList.read(text), text).toBeUndefined();
  }
  expect(interfaces.read('^docker0,lo')).toBe('^docker0,lo');
  expect(interfaces.read('eth0 eth1')).toBeUndefined();
  expect([port.read('29500'), port.read(0), port.read('65536'), port.read(1.5)]).toEqual([
    29500,
    undefined,
    undefined,
    undefined,
  ]);
});

const check = (values: Record<string, unknown>) => checkKnownKeys({ values, origins: {} });

test('unknown keys and wrong values of the blocks are told together, with what was likely meant', () => {
  const values = {
    distributed: { launcher: 'torchrun', nnode: 2, nproc_per_node: 0 },
    multi_node_args: { MASTER_ADDRESS: 'x', HOST_LIST: 'a b' },
    launcher: { typ: 'x' },
  };
  const says = [
    'distributed.nnode: no such key: did you mean nnodes?',
    'distributed.nproc_per_node: expected a number of processes per node, 1 or more',
    'multi_node_args.MASTER_ADDRESS: no such key: did you mean MASTER_ADDR?',
    'multi_node_args.HOST_LIST: expected hosts such as node1,node2 or node1:8,node2:8',
    'launcher.typ: no such key: did you mean type?',
  ];
  for (const each of says) expect(() => check(values)).toThrow(each);
});

test('empty values count as not given, and a launcher may be a name', () => {
  const values = { multi_node_args: { HOST_LIST: '', NNODES: null }, launcher: 'vllm', vllm: { A: 1 } };
  expect(check(values).values).toEqual(values);
  expect(() => check({ launcher: 'a b' })).toThrow('launcher: expected the name of a launcher');
  expect(() => check({ vllm: { 'A B': 1 } })).toThrow('vllm.A B');
});
