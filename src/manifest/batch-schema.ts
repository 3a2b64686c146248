/** The batch manifest (`--batch-manifest`): which models to build anew, which to take as they are, and where they lie. */
import * as z from 'zod/mini';

const shortText = z.string().check(z.maxLength(1024));
const filled = shortText.check(
  z.regex(
    /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\S[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/,
    'expected text on one line',
  ),
);

export const batchEntrySchema = z.strictObject({
  /** A model's name or tag, with arguments or without. */
  model_name: filled.check(
    z.regex(/^[^,]*$/, 'expected one name; each model has an entry of its own'),
    z.refine(
      (name) => !name.split('/').some((part) => part === '' || part.includes('..')),
      'expected the name of a model',
    ),
  ),
  /** false: the image is there already. */
  build_new: z._default(z.boolean(), false),
  /** Wins over `--registry`. */
  registry: z.optional(filled),
  /** The image's whole name; wins over `registry` and `--registry`. */
  registry_image: z.optional(filled),
});

export const batchSchema = z.array(batchEntrySchema).check(z.minLength(1, 'expected at least one entry'));

export type BatchEntry = z.infer<typeof batchEntrySchema>;
