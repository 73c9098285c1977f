import { displayWidth, padEnd, printable } from '../kit/width.ts';

/** Rows of cells below a header; an empty header prints none. Missing cells are empty. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns aligned by display width, two spaces apart, without trailing spaces; no line ends in a newline. */
export function renderTable({ header, rows }: Table): string {
  const lines = (header.length > 0 ? [header, ...rows] : rows).map((row) => row.map(printable));
  const widths = columnWidths(lines);
  return lines
    .map((row) =>
      row
        .map((cell, column) => padEnd(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same, or with rows and columns exchanged where that is what fits into `columns`. */
export function renderFitting(table: Table, columns: number): string {
  const upright = renderTable(table);
  if (displayWidth(upright.slice(0, upright.indexOf('\n'))) <= columns || table.rows.length >= table.header.length) {
    return upright;
  }
  return renderTable(transpose(table));
}

function transpose({ header, rows }: Table): Table {
  const [first = [], ...others] = header.map((title, column) => [title, ...rows.map((row) => row[column] ?? '')]);
  return { header: first, rows: others };
}

/** The same as a GitHub-flavoured Markdown table, readable as plain text too. */
export function renderMarkdownTable({ header, rows }: Table): string {
  const lines = [header, ...rows].map((row) => header.map((_, column) => escapeCell(row[column] ?? '')));
  const widths = columnWidths(lines).map((width) => Math.max(3, width));
  const [head = [], ...body] = lines.map(
    (row) => `| ${row.map((cell, column) => padEnd(cell, widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [head, rule, ...body].join('\n');
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of lines) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    }
  }
  return widths;
}

/** What would end a cell, start HTML or format its text is escaped (GFM 4.10, CommonMark 2.4). */
function escapeCell(text: string): string {
  return printable(text).replace(/[\\|`*<>[\]]|_(?=\W|$)|(?<=^|\W)_/g, '\\$&');
}
