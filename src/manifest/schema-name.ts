/** What a manifest calls its own form. */
export const manifestSchemaName = 'madengine.manifest/1';
