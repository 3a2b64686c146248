/**
 * The event stream, as one closed union. A new field keeps `v`; readers ignore types that they don't know.
 * Import the types from here freely; the schemas themselves are loaded only by those who read events from outside.
 */
import * as z from 'zod/mini';

export const eventVersion = 1;

const seconds = z.number();
const count = z.number();
const status = z.enum(['SUCCESS', 'FAILURE', 'SKIPPED']);

const failure = z.object({
  class: z.string(),
  stage: z.nullable(z.string()),
  message: z.string(),
  /** The line of output that shows it. */
  evidence: z.optional(z.string()),
  /** It is not tried again, because that could not mend it. */
  permanent: z.optional(z.boolean()),
});

const bodies = [
  /** A campaign has its folder; everything up to its end belongs to it. */
  z.object({
    type: z.literal('campaign.started'),
    command: z.string(),
    /** Absolute. */
    results_root: z.string(),
    /** Of the campaign, absolute. */
    folder: z.string(),
  }),
  /** The last event of a campaign. Counts are of runs, or of builds where nothing was to run. */
  z.object({
    type: z.literal('campaign.ended'),
    exit_code: count,
    succeeded: count,
    failed: count,
    skipped: count,
    /** Failures that `--known-failures` names; they are not among the failed. */
    known_failures: z.optional(count),
    duration_s: seconds,
  }),
  /** How long the runs of a campaign will go on, by earlier runs of the same jobs: at the start and after each run. */
  z.object({
    type: z.literal('campaign.estimate'),
    remaining_s: seconds,
    /** Models that are not over. */
    models_left: count,
    /** Of these, those that ran in an earlier campaign of this results folder; the rest is taken to be like them. */
    known: count,
  }),
  /** What a command works with: every value with where it comes from; what sounds like a secret is masked. */
  z.object({
    type: z.literal('settings.read'),
    kind: z.enum(['options', 'credentials', 'context']),
    /** `value` is JSON text, `origin` such as `option`, `environment`, `project file`, `manifest` or `default`. */
    settings: z.array(z.object({ name: z.string(), value: z.string(), origin: z.string() })),
  }),
  /** The models that the tags chose, with their arguments. */
  z.object({ type: z.literal('models.selected'), models: z.array(z.string()) }),
  /** What `--dry-run` would have done: `jobs`, and `commands` with `title` and `argv`. */
  z.object({ type: z.literal('plan.made'), plan: z.looseObject({}) }),
  /** What differs between a campaign and its reproduction, as `runs diff --json` has it. */
  z.object({ type: z.literal('comparison.made'), comparison: z.looseObject({}) }),
  /** The build of an image begins. */
  z.object({
    type: z.literal('build.started'),
    image: z.string(),
    model: z.string(),
    dockerfile: z.string(),
  }),
  /** A build has come to its next step. */
  z.object({ type: z.literal('build.step'), image: z.string(), step: z.string() }),
  /** A piece of the output of a build; only with `--live-output`. */
  z.object({ type: z.literal('build.output'), image: z.string(), text: z.string() }),
  /** The build of an image is over. Where no Dockerfile fits the model there is none: `image` and `log` are empty. */
  z.object({
    type: z.literal('build.ended'),
    image: z.string(),
    model: z.string(),
    status,
    duration_s: seconds,
    /** Path of the log. */
    log: z.string(),
    /** `sha256:…`. */
    image_id: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  /** An image begins to go to its registry. */
  z.object({ type: z.literal('push.started'), image: z.string(), registry_image: z.string() }),
  /** Layers of a push that are done. */
  z.object({ type: z.literal('push.progress'), image: z.string(), done: count, total: count }),
  /** A push is over. */
  z.object({
    type: z.literal('push.ended'),
    image: z.string(),
    registry_image: z.string(),
    status,
    duration_s: seconds,
    /** In the registry, `sha256:…`. */
    digest: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  /** An image begins to come from its registry. */
  z.object({ type: z.literal('pull.started'), image: z.string() }),
  /** Layers of a pull that are done. */
  z.object({ type: z.literal('pull.progress'), image: z.string(), done: count, total: count }),
  /** A pull is over. */
  z.object({
    type: z.literal('pull.ended'),
    image: z.string(),
    status,
    duration_s: seconds,
    /** In the registry, `sha256:…`. */
    digest: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  /** A run of a model begins; `position` counts from 1. */
  z.object({
    type: z.literal('run.started'),
    model: z.string(),
    image: z.string(),
    position: count,
    total: count,
    /** Others may go on beside it: lines of output need its name. */
    concurrent: z.optional(z.boolean()),
  }),
  /** A run has come to its next stage. */
  z.object({ type: z.literal('stage.started'), stage: z.string() }),
  /** A stage of a run is over. */
  z.object({
    type: z.literal('stage.ended'),
    stage: z.string(),
    exit_code: z.nullable(count),
    duration_s: seconds,
  }),
  /** Data of a run is coming to this machine; `total_bytes` is null where nobody knows it. */
  z.object({
    type: z.literal('data.progress'),
    name: z.string(),
    provider: z.string(),
    done_bytes: count,
    total_bytes: z.nullable(count),
  }),
  /** Data of a run is here: fetched now, or found in its mirror. */
  z.object({
    type: z.literal('data.ready'),
    name: z.string(),
    provider: z.string(),
    files: count,
    bytes: count,
    /** Of these, taken over from an earlier download. */
    reused_bytes: count,
    duration_s: seconds,
  }),
  /** A metric stands in the output of a run. */
  z.object({ type: z.literal('metric.found'), name: z.string(), value: z.number(), text: z.string() }),
  /** A piece of the output of a run; only with `--live-output`. */
  z.object({ type: z.literal('run.output'), text: z.string() }),
  /** One of several executions of a run begins; `sample` counts from 1, warm-ups first. `of`: how many there will be, if known. */
  z.object({ type: z.literal('sample.started'), sample: count, of: z.nullable(count), warmup: z.boolean() }),
  /** One of several executions is over. */
  z.object({
    type: z.literal('sample.ended'),
    sample: count,
    warmup: z.boolean(),
    status,
    /** As the model printed it. */
    performance: z.nullable(z.string()),
    metric: z.nullable(z.string()),
    duration_s: seconds,
  }),
  /** A run is over and its record is written. */
  z.object({
    type: z.literal('run.ended'),
    model: z.string(),
    image: z.string(),
    status,
    /** As the model printed it. */
    performance: z.nullable(z.string()),
    metric: z.nullable(z.string()),
    duration_s: seconds,
    /** Path of the record. */
    record: z.string(),
    /** True for a failure that `--known-failures` names, false for a success that it calls a failure. */
    known: z.optional(z.boolean()),
    /** The reason that stands there. */
    known_reason: z.optional(z.string()),
    /** False for a success that no check of its card stands behind. */
    checked: z.optional(z.boolean()),
    /** Of several executions: how many count, and the coefficient of variation of the one result (null: it has none). */
    samples: z.optional(count),
    cv: z.optional(z.nullable(z.number())),
    /** True when the job is tried again: this is not its result. */
    retried: z.optional(z.boolean()),
    /** Why it was skipped. */
    reason: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  /** A bisect knows what it looks through; `candidates` from the good to the bad end, as people read them. */
  z.object({
    type: z.literal('bisect.started'),
    over: z.enum(['images', 'package', 'model']),
    candidates: z.array(z.string()),
  }),
  /** A candidate of a bisect is executed once more; `position` and `sample` count from 1. */
  z.object({
    type: z.literal('bisect.measuring'),
    candidate: z.string(),
    position: count,
    of: count,
    sample: count,
  }),
  /** What a bisect makes of a candidate; `why` says it in words. Told again after `--resume`. */
  z.object({
    type: z.literal('bisect.judged'),
    /** `both ends` for the first step. */
    candidate: z.string(),
    verdict: z.enum(['good', 'bad', 'skipped', 'ends']),
    /** False where the samples did not say it clearly. */
    clear: z.boolean(),
    samples: count,
    mean: z.nullable(z.number()),
    why: z.string(),
  }),
  /** The result of a bisect. Ids are names of images or commits. */
  z.object({
    type: z.literal('bisect.ended'),
    verdict: z.enum(['found', 'among', 'alike', 'too_close', 'better', 'unmeasurable']),
    message: z.string(),
    hint: z.optional(z.string()),
    first_bad: z.nullable(z.string()),
    last_good: z.nullable(z.string()),
    /** Those that may be the first bad one. */
    suspects: z.array(z.string()),
  }),
  /** A file that is meant for the user was written; `kind` is what it is. */
  z.object({ type: z.literal('file.written'), kind: z.string(), path: z.string() }),
  /** Something that the user should know. `code` stays the same when the words change. */
  z.object({
    type: z.literal('notice'),
    level: z.enum(['info', 'warning']),
    code: z.string(),
    message: z.string(),
    hint: z.optional(z.string()),
  }),
  /** The error that ended the command. */
  z.object({
    type: z.literal('error'),
    code: z.string(),
    message: z.string(),
    hint: z.optional(z.string()),
    exit_code: count,
  }),
] as const;

const envelope = {
  v: z.literal(eventVersion),
  /** Counts up from 1 within one stream. */
  seq: count,
  /** UTC, ISO 8601. */
  at: z.string(),
  /** Id of the campaign. */
  campaign: z.optional(z.string()),
  /** Id of the run. */
  run: z.optional(z.string()),
  node: z.optional(z.string()),
  attempt: z.optional(count),
};

export const eventBodySchema = z.discriminatedUnion('type', bodies);
export const eventSchema = z.intersection(z.object(envelope), eventBodySchema);

/** What a sender says; the stream adds the envelope. */
export type EventBody = z.infer<typeof eventBodySchema>;
export type EventType = EventBody['type'];
export type EventOf<T extends EventType> = Extract<EventBody, { type: T }>;

/** Whom an event is about. */
export interface EventScope {
  campaign?: string;
  run?: string;
  node?: string;
  attempt?: number;
}

export type MadEvent = { v: typeof eventVersion; seq: number; at: string } & EventScope & EventBody;
