import { open } from 'node:fs/promises';
import { cleanText } from '../../record/output/clean-text.ts';
import type { RunFailure } from '../../record/record-schema.ts';

const looked = 4096;
const longest = 500;

/** A script that gives up says why last: that line of the log becomes the failure's evidence. Never throws. */
export async function addLastLine(failure: RunFailure, log: string): Promise<void> {
  const file = await open(log).catch(() => undefined);
  if (!file) return;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(looked),
      0,
      looked,
      Math.max(0, size - looked),
    );
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    const last = lines.map((line) => cleanText(line).trim()).findLast((line) => line !== '');
    if (last !== undefined) failure.evidence = last.slice(0, longest);
  } catch {
    // A failure without evidence is still one.
  } finally {
    await file.close();
  }
}
