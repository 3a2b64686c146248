/**
 * Counts layers in what clients print without a terminal: docker one line per change of a layer (`4f4fb700ef54: Pull
 * complete`), podman one when a layer begins (`Copying blob sha256:…`) and one when all are there (`Copying config`).
 */
const dockerLine = /^([0-9a-f]{12}): (.+)$/;
const podmanLine = /^Copying (blob|config) (?:sha256:)?([0-9a-f]{12,64})/;
const finished = /^(Pull complete|Already exists|Layer already exists|Pushed|Mounted from )/;

/** Returns a consumer of output; `tell` hears the counts whenever they change. */
export function transferProgress(tell: (done: number, total: number) => void): (chunk: Buffer) => void {
  const layers = new Map<string, boolean>();
  let rest = '';
  let told = '';
  const takeLine = (line: string): void => {
    const [, layer, state] = dockerLine.exec(line) ?? [];
    if (layer && state) layers.set(layer, finished.test(state) || layers.get(layer) === true);
    const [, kind, blob] = podmanLine.exec(line) ?? [];
    if (kind === 'blob' && blob) layers.set(blob, false);
    if (kind === 'config') for (const known of layers.keys()) layers.set(known, true);
  };
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split(/[\r\n]+/);
    // A line without end is of no use to anybody.
    rest = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) takeLine(line);
    const done = [...layers.values()].filter(Boolean).length;
    const now = `${done}/${layers.size}`;
    if (layers.size === 0 || now === told) return;
    told = now;
    tell(done, layers.size);
  };
}
