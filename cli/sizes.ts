/** Bytes and counts as people read them. */

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [divisor, unit] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [1024, 'KiB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

/** With commas between thousands; `toLocaleString` would take 30 ms to load its tables. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
