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
});

const bodies = [
  z.object({
    type: z.literal('campaign.started'),
    command: z.string(),
    results_root: z.string(),
    folder: z.string(),
  }),
  z.object({
    type: z.literal('campaign.ended'),
    exit_code: count,
    succeeded: count,
    failed: count,
    skipped: count,
    duration_s: seconds,
  }),
  z.object({ type: z.literal('models.selected'), models: z.array(z.string()) }),
  z.object({ type: z.literal('plan.made'), plan: z.looseObject({}) }),
  z.object({
    type: z.literal('build.started'),
    image: z.string(),
    model: z.string(),
    dockerfile: z.string(),
  }),
  z.object({ type: z.literal('build.step'), image: z.string(), step: z.string() }),
  z.object({ type: z.literal('build.output'), image: z.string(), text: z.string() }),
  z.object({
    type: z.literal('build.ended'),
    image: z.string(),
    model: z.string(),
    status,
    duration_s: seconds,
    log: z.string(),
    image_id: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  z.object({ type: z.literal('push.started'), image: z.string(), registry_image: z.string() }),
  z.object({ type: z.literal('push.progress'), image: z.string(), done: count, total: count }),
  z.object({
    type: z.literal('push.ended'),
    image: z.string(),
    registry_image: z.string(),
    status,
    duration_s: seconds,
    digest: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  z.object({ type: z.literal('pull.started'), image: z.string() }),
  z.object({ type: z.literal('pull.progress'), image: z.string(), done: count, total: count }),
  z.object({
    type: z.literal('pull.ended'),
    image: z.string(),
    status,
    duration_s: seconds,
    digest: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  z.object({
    type: z.literal('run.started'),
    model: z.string(),
    image: z.string(),
    position: count,
    total: count,
  }),
  z.object({ type: z.literal('stage.started'), stage: z.string() }),
  z.object({
    type: z.literal('stage.ended'),
    stage: z.string(),
    exit_code: z.nullable(count),
    duration_s: seconds,
  }),
  z.object({ type: z.literal('metric.found'), name: z.string(), value: z.number(), text: z.string() }),
  z.object({ type: z.literal('run.output'), text: z.string() }),
  z.object({
    type: z.literal('run.ended'),
    model: z.string(),
    image: z.string(),
    status,
    performance: z.nullable(z.string()),
    metric: z.nullable(z.string()),
    duration_s: seconds,
    record: z.string(),
    reason: z.optional(z.string()),
    failure: z.optional(failure),
  }),
  z.object({ type: z.literal('file.written'), kind: z.string(), path: z.string() }),
  z.object({
    type: z.literal('notice'),
    level: z.enum(['info', 'warning']),
    code: z.string(),
    message: z.string(),
    hint: z.optional(z.string()),
  }),
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
  campaign: z.optional(z.string()),
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
