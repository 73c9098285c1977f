/** CSV text: a header and one line per row. Cells must hold neither commas nor quotes. */
export function csvText(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, ...rows].map((cells) => `${cells.join(',')}\n`).join('');
}

/** Six significant digits. */
export function significant(value: number): number {
  return Number(value.toPrecision(6));
}
