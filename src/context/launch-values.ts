/**
 * What may stand in the values that spread a model over processes and nodes. Scripts use `MAD_MULTI_NODE_RUNNER` without
 * quotes, so nothing in such a value may mean something to a shell.
 */

export interface ValueKind<T> {
  /** Ends the sentence "expected …". */
  what: string;
  /** undefined for anything else. */
  read(value: unknown): T | undefined;
}

export interface NamedHost {
  name: string;
  /** Processes that it takes; what the model has per node where nobody says. */
  slots?: number;
}

/** Left out, or written as nothing: both Python tools print '' for what they don't know. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

const wholeNumber = (what: string, least: number, most: number): ValueKind<number> => ({
  what,
  read(value) {
    const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
    const number = /^-?\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  },
});

const plainText = (what: string, pattern: RegExp): ValueKind<string> => ({
  what,
  read: (value) => (typeof value === 'string' && pattern.test(value.trim()) ? value.trim() : undefined),
});

const hostName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
const ipv6 = /^(?=[0-9A-Fa-f:]{2,45}$)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}$/;

export const nodeCount = wholeNumber('a number of nodes, 1 or more', 1, 100_000);
export const nodeRank = wholeNumber('the rank of a node: 0 for the first', 0, 99_999);
export const processCount = wholeNumber('a number of processes per node, 1 or more', 1, 100_000);
/** -1: as many as the model has GPUs. */
export const processCountOrAll = wholeNumber('a number of processes per node, or -1', -1, 100_000);
export const port = wholeNumber('a port from 1 to 65535', 1, 65_535);
export const launcherName = plainText('the name of a launcher', /^[A-Za-z][A-Za-z0-9_-]{0,60}$/);
export const backend = plainText('the name of a backend, such as nccl', /^[A-Za-z][A-Za-z0-9_:,.-]{0,100}$/);
/** Names, patterns and lists as NCCL and Gloo read them. */
export const interfaces = plainText(
  'names of network interfaces, such as eth0,eth1',
  /^[\^=]{0,2}[A-Za-z0-9][A-Za-z0-9_.:@-]{0,40}(?:,[A-Za-z0-9][A-Za-z0-9_.:@-]{0,40}){0,63}$/,
);
export const address: ValueKind<string> = {
  what: "a host's name or address",
  read(value) {
    const text = typeof value === 'string' ? value.trim() : '';
    return hostName.test(text) || ipv6.test(text) ? text : undefined;
  },
};

export const hostList: ValueKind<readonly NamedHost[]> = {
  what: 'hosts such as node1,node2 or node1:8,node2:8',
  read(value) {
    if (typeof value !== 'string') return undefined;
    const hosts: NamedHost[] = [];
    for (const entry of value.split(',')) {
      const [name = '', slots, ...more] = entry.trim().split(':');
      const count = slots === undefined ? undefined : processCount.read(slots);
      if (!hostName.test(name) || more.length > 0 || (slots !== undefined && count === undefined)) {
        return undefined;
      }
      hosts.push(count === undefined ? { name } : { name, slots: count });
    }
    return hosts.length <= 100_000 ? hosts : undefined;
  },
};
