/**
 * Command lines that people have in scripts and notes from the Python tool, as they type them, and what each leaves. Hosts
 * and folders of theirs are replaced by `atHome` and the test; nothing else is.
 */

/** An option of `run` in force, as a record has it. */
export type InForce = Readonly<Record<string, unknown>>;

export interface TypedLine {
  line: string;
  /** In the record of every run that it made. */
  options?: InForce;
  /** Files that are new, relative to the package. */
  writes?: readonly string[];
  says?: RegExp;
}

const context = `--additional-context '{"gpu_vendor": "AMD", "guest_os": "UBUNTU"}'`;
const nvidia = `--additional-context '{"gpu_vendor": "NVIDIA", "guest_os": "UBUNTU"}'`;
const manifest = ['build_manifest.json'];
const results = ['perf.csv'];

/** One after the other in one package, so that a `run` of a manifest finds the one that the `build` before it wrote. */
export const typedLines: readonly TypedLine[] = [
  {
    line: 'madengine-cli run --tags dummy --registry localhost:5000 --timeout 3600',
    options: { timeout: 3600 },
    writes: [...manifest, ...results],
    says: /^Pushed /m,
  },
  {
    line: `madengine-cli run --tags dummy --live-output --verbose \\\n  ${context}`,
    options: { live_output: true },
    writes: results,
    says: /^performance: 12\.5 /m,
  },
  {
    line: `madengine-cli build --tags dummy resnet --registry docker.io \\\n  ${context} \\\n  --clean-docker-cache`,
    writes: manifest,
    says: /resnet/,
  },
  {
    line: `madengine-cli build --batch-manifest batch.json \\\n  --registry docker.io \\\n  ${context}`,
    writes: manifest,
    says: /dummy/,
  },
  { line: 'madengine-cli build --tags dummy --registry localhost:5000', writes: manifest },
  {
    line: 'madengine-cli run --manifest-file build_manifest.json --timeout 1800',
    options: { timeout: 1800 },
    writes: results,
  },
  {
    line: `madengine-cli build --tags production_models --registry prod.registry.com \\\n  ${nvidia} \\\n  --summary-output build_report.json`,
    writes: [...manifest, 'build_report.json'],
  },
  {
    line: 'madengine-cli run --manifest-file build_manifest.json \\\n  --summary-output execution_report.json',
    options: { summary_output: 'execution_report.json' },
    writes: ['execution_report.json', ...results],
  },
  { line: 'madengine-cli run --tags dummy', writes: results },
  { line: 'madengine-cli run --tags dummy pyt_huggingface_bert', says: /^2 succeeded/m },
  { line: 'madengine-cli run --tags pyt_huggingface_bert', says: /^1 succeeded/m },
  { line: 'madengine-cli run --tags dummy2:dummy_2', says: /dummy2\/dummy_2/ },
  { line: 'madengine-cli run --tags dummy3:dummy_3', says: /dummy3\/dummy_3/ },
  { line: 'madengine-cli run --tags dummy3:dummy_3:batch_size=512', says: /--batch_size 512/ },
  {
    line: 'madengine-cli run --tags dummy3:dummy_3:batch_size=512:in=32:out=16',
    says: /--batch_size 512 --in 32 --out 16/,
  },
  { line: 'madengine discover', says: /^dummy3\/dummy_3$/m },
  { line: 'madengine discover --tags dummy', says: /"dummy"/ },
  { line: 'madengine discover --tags dummy2:dummy_2', says: /dummy2\/dummy_2/ },
  { line: 'madengine discover --tags dummy3:dummy_3:batch_size=256', says: /--batch_size 256/ },
  { line: 'madengine discover --tags dummy3:dummy_3:batch_size=512', says: /--batch_size 512/ },
  {
    line: `madengine run --tags pyt_huggingface_bert --live-output \\\n  --additional-context '{"guest_os": "UBUNTU"}'`,
    options: { live_output: true },
    says: /^performance: 12\.5 /m,
  },
  {
    line: `madengine-cli build --tags production_models \\\n  ${context} \\\n  --clean-docker-cache \\\n  --summary-output build_summary.json`,
    writes: ['build_summary.json'],
  },
  {
    line: 'madengine-cli run --tags models --live-output --verbose --keep-alive',
    options: { keep_alive: true, live_output: true },
    says: /^4 succeeded/m,
  },
  { line: 'madengine-cli build --tags models --registry docker.io', writes: manifest },
  { line: 'madengine-cli run --manifest-file build_manifest.json', says: /^4 succeeded/m },
  { line: 'madengine-cli run --tags models --timeout 7200', options: { timeout: 7200 } },
  { line: 'madengine-cli run --tags models --timeout 0', options: { timeout: 0 } },
  {
    line: `madengine run --tags pyt_huggingface_bert \\\n  --additional-context '{"tools": [{"name":"rocprof"}]}'`,
    says: /^1 succeeded/m,
  },
  {
    line: 'madengine-cli run --tags models --live-output --verbose \\\n  --summary-output detailed_metrics.json',
    writes: ['detailed_metrics.json'],
  },
  {
    line: 'madengine-cli run --tags models --force-mirror-local /tmp/mirror',
    says: /^4 succeeded/m,
  },
  {
    line: 'madengine-cli run --tags models --keep-alive --keep-model-dir',
    options: { keep_alive: true, keep_model_dir: true },
  },
  {
    line: 'madengine-cli run --tags models --skip-model-run',
    options: { skip_model_run: true },
    says: /4 skipped/,
  },
  { line: 'madengine-cli run --tags models --verbose', says: /^--verbose = true/m },
  {
    line: `madengine-cli build --tags research_models --registry lab-registry:5000 \\\n  ${context}`,
    writes: manifest,
  },
  {
    line: `cp build_manifest.json /shared/nfs/madengine/ && madengine-cli run --manifest-file /shared/nfs/madengine/build_manifest.json \\\n  --live-output --timeout 7200`,
    options: { timeout: 7200, live_output: true },
  },
  {
    line: 'madengine-cli build --tags customer_models --registry gcr.io/ml-bench \\\n  --additional-context-file customer_context.json',
    says: /\/ml-bench\/ci-/,
  },
  {
    line: 'madengine-cli build --batch-manifest customer_models.json \\\n  --registry gcr.io/ml-bench \\\n  --additional-context-file customer_context.json',
    says: /\/ml-bench\/ci-/,
  },
  {
    line: `madengine-cli build --tags datacenter_models --registry dc-registry.local \\\n  ${nvidia} \\\n  --summary-output datacenter_build_$(date +%Y%m%d).json && madengine-cli run --manifest-file datacenter_build_$(date +%Y%m%d).json`,
    says: /^1 succeeded/m,
  },
  {
    line: `madengine run --tags models \\\n  --additional-context '{"tools": [{"name":"rocprof"}]}'`,
    writes: results,
  },
  {
    line: `madengine run --tags models \\\n  --additional-context '{"tools": [{"name":"trace"}]}'`,
    says: /^4 succeeded/m,
  },
];

/** Of commands that are still to come: refused as unknown, until they are moved into the list above. */
export const linesToCome: readonly string[] = [
  'madengine-cli runner ssh --inventory inventory.yml --manifest-file build_manifest.json --report-output ssh_execution_report.json --verbose',
  'madengine-cli runner ssh --inventory dev_inventory.yml --manifest-file build_manifest.json --tags dummy --timeout 1800 --verbose',
  'madengine-cli runner ansible --inventory cluster.yml --playbook madengine_distributed.yml --report-output ansible_execution_report.json --verbose',
  `madengine-cli runner ansible --inventory cluster_inventory.yml --manifest-file build_manifest.json --tags dummy resnet bert --parallelism 4 --registry production.registry.com ${context} --report-output cluster_results.json`,
  `madengine-cli runner ansible --inventory amd_cluster.yml --manifest-file build_manifest.json --tags pytorch_models --node-selector '{"gpu_vendor": "AMD"}' --additional-context '{"tools": [{"name": "rocprof"}], "gpu_vendor": "AMD", "guest_os": "UBUNTU"}' --timeout 7200 --parallelism 2 --verbose`,
  'madengine-cli runner ansible --inventory datacenter_inventory.yml --manifest-file /mnt/shared/madengine/datacenter_build_$(date +%Y%m%d).json --tags datacenter_models --parallelism 8 --report-output datacenter_results.json --verbose',
  'madengine-cli runner k8s --inventory k8s_inventory.yml --manifests-dir k8s-setup --report-output k8s_execution_report.json --verbose',
  'madengine-cli runner k8s --inventory k8s_prod_inventory.yml --manifests-dir k8s-manifests --kubeconfig ~/.kube/prod_config',
  'madengine-cli generate ansible --manifest-file build_manifest.json --output cluster-deployment.yml',
  'madengine-cli generate k8s --manifest-file build_manifest.json --namespace madengine-prod',
  'madengine-cli generate k8s --manifest-file build_manifest.json --namespace customer-bench-1',
  'madengine report to-html --csv-file-path perf.csv',
  'madengine report to-email --csv-file-path perf.csv',
  'madengine report update-perf --perf-csv perf.csv',
  'madengine database create-table',
  'madengine database update-table --csv-file-path perf.csv',
  'madengine database upload-mongodb --type model --file-path data.json',
];
