// Made by `npm run generate` from src/record/record-schema.ts.

/** `record.json`: everything that happened in one attempt at one job. It never changes once it is final. */
export interface RunRecord {
  schema: 'madengine.run/1';
  campaign: string;
  run: string;
  /** Model, arguments and image as one key: the same for each attempt at the job. */
  job: string;
  /** Counts from 1. */
  attempt: number;
  /** Another attempt at the job followed: that one's rows count, and this one has none. */
  retried?: boolean;
  /** Its program outlived the process that started it, and was followed to its end by a later one (`--resume`). */
  adopted?: boolean;
  status: 'SUCCESS' | 'FAILURE' | 'SKIPPED';
  /** Why it was skipped, or is good without a result. */
  reason: string | null;
  failure: {
    class: 'build' | 'push' | 'pull' | 'setup' | 'clone' | 'data' | 'timeout' | 'out_of_memory' | 'exit_code' | 'error_pattern' | 'missing_metric' | 'check' | 'device' | 'engine' | 'disk_full' | 'interrupted' | 'not_run';
    stage: string | null;
    message: string;
    /** The line of output that shows it. */
    evidence?: string;
    /** Nothing but a change of the input could mend it, so it is not tried again. */
    permanent?: boolean;
    /** The campaign's time was over (`--deadline`), not the job's own. */
    at_deadline?: boolean;
  } | null;
  model: {
    name: string;
    args: string;
    tags: string[];
    /** The card as found, with unknown keys. */
    card: Record<string, unknown>;
  };
  image: {
    /** Local image name, `ci-…`. */
    name: string;
    dockerfile: string;
    base: string;
    base_digest: string;
    id: string | null;
    registry_image: string | null;
    /** Digest in the registry, `sha256:…`. */
    digest: string | null;
    build_duration_s: number | null;
  };
  package: {
    digest: string | null;
    commit: string | null;
    dirty: boolean | null;
  } | null;
  engine: {
    kind: string;
    version: string;
  } | null;
  /** The program; absent in records before it was kept. */
  madengine?: {
    version: string;
    node: string;
    argv: string[];
    options: Record<string, unknown>;
    plugins?: {
      kind: string;
      name: string;
      file: string;
      sha256: string;
    }[];
  };
  /** The exact command lines of the engine; absent where none was run. */
  commands?: ({
    title: 'start' | 'run';
    argv: string[];
  })[];
  /** The machine; absent in records before it was kept. */
  machine?: {
    os: string;
    kernel: string;
    architecture: string;
    cpu: string;
    cpus: number;
    memory_bytes: number;
    cpu_governor?: string;
    cpu_boost?: boolean;
    numa_balancing?: boolean;
    limits?: {
      cpus?: number;
      cpu_set?: string;
      memory_bytes?: number;
    };
  };
  /** null when the job was never placed. */
  placement: {
    host: string;
    target: string;
    gpus: number[];
    /** CPUs near the GPUs that it was limited to because of its neighbours, such as `0-7,64-71`. */
    cpus?: string;
  } | null;
  /** Runs of the same campaign that were on the machine at the same time; absent where that was not allowed. */
  neighbours?: {
    run: string;
    job: string;
    gpus: number[];
  }[];
  /** How it was spread over processes and nodes; absent where nobody named a launcher or nodes. */
  launch?: {
    launcher: string;
    nnodes: number;
    node_rank: number;
    nproc_per_node: number;
  };
  gpu: {
    vendor: string;
    architecture: string;
    count: number;
    product?: string;
    driver?: string;
    toolkit?: {
      name: string;
      version: string;
    };
  } | null;
  /** The GPUs that the run had, before and after it; absent where it had none. */
  gpu_health?: ({
    gpu: number;
    uuid?: string;
    name?: string;
    serial?: string;
    firmware?: string;
    mig?: {
      parent: number;
      slice: number;
      profile: string;
    };
    before: {
      clock_mhz?: number;
      memory_clock_mhz?: number;
      temperature_c?: number;
      power_w?: number;
      utilisation_percent?: number;
      memory_total_bytes?: number;
      memory_free_bytes?: number;
      throttled?: string[];
      processes?: {
        pid: number;
        name: string;
      }[];
      counters?: Record<string, number>;
    } | null;
    after: {
      clock_mhz?: number;
      memory_clock_mhz?: number;
      temperature_c?: number;
      power_w?: number;
      utilisation_percent?: number;
      memory_total_bytes?: number;
      memory_free_bytes?: number;
      throttled?: string[];
      processes?: {
        pid: number;
        name: string;
      }[];
      counters?: Record<string, number>;
    } | null;
  })[];
  /** Statistics of the samples of power and memory profilers; absent without them. */
  gpu_usage?: ({
    gpu: number;
    what: 'power' | 'memory';
    unit: string;
    samples: number;
    mean: number;
    median: number;
    p95: number;
    max: number;
  })[];
  /** What the model ran on, noted once per image and machine; absent where it was not noted. */
  environment?: {
    /** SHA-256 of what lasts of it: system, packages, toolkits, firmware. */
    hash: string;
    mode: 'lite' | 'full';
    /** Folder with a text for each section, relative to the campaign's folder. */
    path: string;
  };
  /** Hash of the host's facts, stored once per campaign. */
  host_facts: string | null;
  /** Hash of the effective context, stored once per campaign. */
  context: string | null;
  started_at: string;
  ended_at: string;
  durations: {
    /** From placement to the end of clean-up. */
    total_s: number;
    pull_s: number | null;
    /** The program of stages: what `test_duration` shows. */
    stages_s: number | null;
  };
  exit_code: number | null;
  stages: ({
    name: string;
    title: string;
    exit_code: number | null;
    duration_s: number | null;
  })[];
  parts: ({
    node: string;
    rank: number;
    exit_code: number | null;
    duration_s: number | null;
  })[];
  /** Every execution, warm-ups too; [] where it was executed once, as the record itself says. */
  samples: ({
    metrics: ({
      /** The metric's name, such as `samples/sec`. */
      name: string;
      /** null when it could not be read as a number. */
      value: number | null;
      /** As the model printed it. */
      text: string;
      unit: string | null;
      direction: 'higher' | 'lower' | null;
      status: 'SUCCESS' | 'FAILURE';
      /** The `model` cell of a row of a `multiple_results` file. */
      row: string | null;
      /** Further columns of that row. */
      columns: Record<string, string>;
      /** Of the result file's column that it stands in: such a metric has no row of its own in `perf.csv`. */
      column?: string;
    })[];
    /** Of its program of stages. */
    duration_s: number;
    status: 'SUCCESS' | 'FAILURE' | 'SKIPPED';
    /** It does not count. */
    warmup?: boolean;
    started_at?: string;
    exit_code?: number | null;
    failure?: {
      class: 'build' | 'push' | 'pull' | 'setup' | 'clone' | 'data' | 'timeout' | 'out_of_memory' | 'exit_code' | 'error_pattern' | 'missing_metric' | 'check' | 'device' | 'engine' | 'disk_full' | 'interrupted' | 'not_run';
      stage: string | null;
      message: string;
      /** The line of output that shows it. */
      evidence?: string;
      /** Nothing but a change of the input could mend it, so it is not tried again. */
      permanent?: boolean;
      /** The campaign's time was over (`--deadline`), not the job's own. */
      at_deadline?: boolean;
    };
    gpus?: number[];
    output?: {
      path: string;
      bytes: number;
      scrubbed: boolean;
    } | null;
  })[];
  /** Of each metric of the samples that count; absent where it was executed once. */
  statistics?: ({
    name: string;
    row: string | null;
    column?: string;
    count: number;
    mean: number;
    median: number;
    stddev: number | null;
    cv: number | null;
    min: number;
    max: number;
    p5: number;
    p95: number;
    ci95: {
      low: number;
      high: number;
      method: 'student-t';
    } | null;
  })[];
  metrics: ({
    /** The metric's name, such as `samples/sec`. */
    name: string;
    /** null when it could not be read as a number. */
    value: number | null;
    /** As the model printed it. */
    text: string;
    unit: string | null;
    direction: 'higher' | 'lower' | null;
    status: 'SUCCESS' | 'FAILURE';
    /** The `model` cell of a row of a `multiple_results` file. */
    row: string | null;
    /** Further columns of that row. */
    columns: Record<string, string>;
    /** Of the result file's column that it stands in: such a metric has no row of its own in `perf.csv`. */
    column?: string;
  })[];
  /** The card's checks; absent in records before they existed. */
  checks?: ({
    /** As the card has it. */
    name: string;
    status: 'SUCCESS' | 'FAILURE';
    /** What was found. */
    message: string;
    /** The line of output that shows it. */
    evidence?: string;
  })[];
  /** False for a result that no check of its card stands behind: exit code, error patterns and metric alone. */
  checked?: boolean;
  /** True for a failure that `--known-failures` names. */
  known?: boolean;
  /** Why it fails, as that file has it; in a run that did not fail, what it should have failed of. */
  known_reason?: string;
  /** What the file held that the card's arguments name behind `--config`. */
  configs?: unknown;
  artifacts: {
    path: string;
    bytes: number;
    sha256: string;
  }[];
  output: {
    path: string;
    bytes: number;
    scrubbed: boolean;
  } | null;
  data: {
    /** As the card has them, joined by commas. */
    names: string;
    /** Where the data came from; several, joined by commas, where the names differ in it. */
    provider: string;
    /** Of all names whose size is known. */
    bytes: number | null;
    download_s: number | null;
    /** One by one; absent in records before they existed. */
    items?: ({
      name: string;
      provider: string;
      /** As `data.json` has it. */
      path: string;
      /** Where the run sees it. */
      home: string;
      /** The folder of this machine that keeps it. */
      mirror: string | null;
      files: number | null;
      bytes: number | null;
      /** Of these, taken over from an earlier download. */
      reused_bytes: number | null;
      download_s: number | null;
    })[];
  } | null;
  git_commit: string | null;
  build_number: string;
  pipeline: string;
  warnings: string[];
}
