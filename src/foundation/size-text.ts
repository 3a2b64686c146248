const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes as people read them: `512 bytes`, `1.5 MiB`, `20 GiB`. */
export function sizeText(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const number = unit === 0 || value >= 10 ? String(Math.round(value)) : value.toFixed(1);
  return `${number} ${units[unit]}`;
}
