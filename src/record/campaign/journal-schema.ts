/**
 * The journal of a campaign, one JSON object a line: what was about to happen outside, and what had come of it. A
 * start that finds the campaign dead learns from it what to record and what to clean up.
 */
import * as z from 'zod/mini';
import { recordDraftSchema } from '../record-draft.ts';

const text = z.string();

/** Written before the act, and on the disk when the act begins. */
const intents = [
  z.object({ act: z.literal('image.pull'), image: text }),
  z.object({ act: z.literal('image.build'), image: text, dockerfile: text }),
  z.object({ act: z.literal('image.push'), image: text, registry_image: text }),
  /** From here on the run must have a record, whatever happens; the draft is what that record says if we die. */
  z.object({ act: z.literal('run.started'), run: text, draft: recordDraftSchema }),
  z.object({ act: z.literal('container.create'), run: text, name: text, engine: text }),
  /** The container stays on purpose (`--keep-alive`). */
  z.object({ act: z.literal('container.keep'), run: text, name: text }),
  /** A folder with secrets in it, absolute. */
  z.object({ act: z.literal('secrets.dir'), path: text }),
  /** A folder that must be gone when the run is over, absolute. */
  z.object({ act: z.literal('work.dir'), run: text, path: text }),
] as const;

/** Written after the act; losing one costs a look, never a result. */
const notes = [
  z.object({ act: z.literal('run.planned'), run: text, job: text, model: text, image: text }),
  z.object({ act: z.literal('container.removed'), run: text, name: text }),
  z.object({ act: z.literal('dir.removed'), path: text }),
  z.object({ act: z.literal('record.final'), run: text }),
  z.object({ act: z.literal('row.appended'), run: text }),
] as const;

/** UTC, ISO 8601. */
const stamp = z.object({ at: text });

export const journalEntrySchema = z.intersection(stamp, z.discriminatedUnion('act', [...intents, ...notes]));

/** What a writer says; the journal adds the time. */
export type JournalAct = z.infer<(typeof intents)[number]> | z.infer<(typeof notes)[number]>;
export type JournalEntry = { at: string } & JournalAct;
