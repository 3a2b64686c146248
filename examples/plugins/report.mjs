// The results of a campaign as a Markdown table, for a wiki or a pull request.
//
//   madengine-cli run --tags … --plugin report.mjs --report markdown=results.md

/** @type {import('madengine/plugin').ReportPlugin} */
export default {
  api: 1,
  kind: 'report',
  name: 'markdown',
  render({ id, records, success, totalS }) {
    const rows = records.flatMap(rowsOf);
    return [
      `# Campaign ${id}`,
      '',
      `${records.length} models in ${Math.round(totalS)} s: ${success ? 'all good' : 'not all good'}.`,
      '',
      '| Model | Status | Metric | Value | Why |',
      '|---|---|---|---:|---|',
      ...rows.map((cells) => `| ${cells.map(cell).join(' | ')} |`),
      '',
    ].join('\n');
  },
};

function rowsOf({ model, status, reason, failure, metrics }) {
  const why = failure?.message ?? reason ?? '';
  if (metrics.length === 0) return [[model.name, status, '', '', why]];
  return metrics.map(({ name, text, unit }) => [
    model.name,
    status,
    name,
    `${text} ${unit ?? ''}`.trim(),
    why,
  ]);
}

/** Text of models and servers: a table's own signs are made plain. */
const cell = (text) =>
  String(text)
    .replace(/[\\|`<>*_[\]]/g, '\\$&')
    .replace(/\s+/g, ' ');
