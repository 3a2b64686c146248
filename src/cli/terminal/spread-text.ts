/** `3, cv 5.6 %`: how many samples count, and their coefficient of variation. */
export function spreadText({
  samples,
  cv,
}: {
  samples?: number | undefined;
  cv?: number | null | undefined;
}): string {
  if (samples === undefined) return '';
  return typeof cv === 'number' ? `${samples}, cv ${percentText(cv)}` : String(samples);
}

/** Of a part of 1, with as many decimals as say something: `0.034 %`, `5.6 %`, `120 %`. */
export const percentText = (part: number): string => `${Number((part * 100).toPrecision(2))} %`;
