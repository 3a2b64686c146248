/**
 * Acts on the items in their order, at most `width` at once. After a failure none is begun any more, and the failure is
 * thrown only when those under way are over: nothing goes on behind the back of who cleans up.
 */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  act: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const waiting = items.entries();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      await act(item, index).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, width), items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
