import { displayWidth } from '../../kit/width.ts';

/** Directions in which a line leaves a cell; combined with `|`. */
const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;

const UNICODE = ' │││─┘┐┤─└┌├─┴┬┼';
const ASCII = ' |||-+++-+++-+++';

interface Upright {
  readonly column: number;
  readonly from: number;
  readonly to: number;
}

interface Level {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** A grid of characters on which lines join where they belong together, and pass where they do not. */
export class Canvas {
  readonly #rows: Cell[][] = [];
  readonly #ascii: boolean;

  constructor(ascii: boolean) {
    this.#ascii = ascii;
  }

  /**
   * A line down a column. Heights are in rows: `r` is the upper edge of row `r`, `r + 0.5` its middle; `owner` says
   * which lines belong together.
   */
  vertical(owner: unknown, { column, from, to }: Upright): void {
    for (let row = Math.floor(from); row < to; row += 1) {
      const up = from <= row && to >= row + 0.5 ? UP : 0;
      const down = from <= row + 0.5 && to >= row + 1 ? DOWN : 0;
      this.#add(owner, this.#cell(row, column), up | down);
    }
  }

  /** A line along a row, from the middle of one column to that of another. */
  horizontal(owner: unknown, { row, from, to }: Level): void {
    for (let column = from; column <= to; column += 1) {
      this.#add(owner, this.#cell(row, column), (column > from ? LEFT : 0) | (column < to ? RIGHT : 0));
    }
  }

  /** A branch downwards from whatever line is there. */
  tap(row: number, column: number): void {
    this.#cell(row, column).sides |= DOWN;
  }

  /** A mark where an edge arrives. */
  arrow(row: number, column: number): void {
    this.#cell(row, column).text = this.#ascii ? 'v' : '▼';
  }

  /** Text over whatever is there, which must be on one line. */
  write(row: number, column: number, text: string): void {
    const cell = this.#cell(row, column);
    cell.text = text;
    for (let hidden = 1; hidden < displayWidth(text); hidden += 1) this.#cell(row, column + hidden).text = '';
  }

  /** The lines, without spaces at their ends. */
  lines(): string[] {
    const glyphs = this.#ascii ? ASCII : UNICODE;
    return Array.from({ length: this.#rows.length }, (_, row) =>
      Array.from(this.#rows[row] ?? [], (cell: Cell | undefined) =>
        cell === undefined ? ' ' : (cell.text ?? glyphs[cell.sides] ?? ' '),
      )
        .join('')
        .trimEnd(),
    );
  }

  /** Where lines of different owners meet, the vertical one passes over the other. */
  #add(owner: unknown, cell: Cell, sides: number): void {
    if (sides === 0) return;
    const crosses = cell.owner !== undefined && cell.owner !== owner;
    if (crosses && (sides & (UP | DOWN)) === 0) return;
    cell.sides = crosses ? sides : cell.sides | sides;
    cell.owner = owner;
  }

  #cell(row: number, column: number): Cell {
    const line = (this.#rows[row] ??= []);
    return (line[column] ??= { sides: 0, owner: undefined, text: undefined });
  }
}

interface Cell {
  sides: number;
  owner: unknown;
  text: string | undefined;
}
