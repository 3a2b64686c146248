// Notes how much the model reads and writes, from the counters of the kernel (/proc/diskstats) before and after it.
//
//   --additional-context '{"tools": ["disk_traffic"]}'
//
// Its scripts lie beside it; what it leaves is kept with the run.

/** @type {import('madengine/plugin').ToolPlugin} */
export default {
  api: 1,
  kind: 'tool',
  name: 'disk_traffic',
  description: 'Sectors that the disks read and wrote during the run',
  pre_scripts: [{ path: 'disk_traffic/note.sh', args: 'before' }],
  post_scripts: [{ path: 'disk_traffic/note.sh', args: 'after' }],
  files: ['disk_traffic/columns.awk'],
  requires: ['awk'],
  outputs: ['disk_traffic_*.csv'],
};
