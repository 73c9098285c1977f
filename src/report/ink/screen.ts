import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from '../../kit/width.ts';
import { columnsOf } from '../style.ts';

/**
 * The terminal as Ink sees it. It differs from standard output in two ways:
 *
 * - It has no number of rows. A view that fills the screen makes Ink clear the terminal with everything the user had
 *   on it; ours never does (`arrange`), but a window can shrink below it.
 * - When the window gets narrower, terminals break the rows of the last frame in two, and Ink, which knows nothing of
 *   it, would erase too few. The additional rows are erased here before Ink hears of the new size. (What a terminal
 *   has moved into its scrollback meanwhile is out of reach.)
 */
export class Screen extends EventEmitter {
  readonly isTTY = true;
  private readonly stdout: NodeJS.WriteStream;
  private readonly onResize: () => void;
  private frame = '';
  private width: number;

  constructor(stdout: NodeJS.WriteStream, onResize: () => void) {
    super();
    this.stdout = stdout;
    this.onResize = onResize;
    this.width = this.columns;
    stdout.on('resize', this.resized);
  }

  get columns(): number {
    return columnsOf(this.stdout);
  }

  get writable(): boolean {
    return this.stdout.writable;
  }

  get writableLength(): number {
    return this.stdout.writableLength;
  }

  write(text: string, done?: () => void): boolean {
    // A frame holds a line end; what only moves or hides the cursor does not.
    if (text.includes('\n')) this.frame = text;
    return this.stdout.write(text, done);
  }

  close(): void {
    this.stdout.off('resize', this.resized);
  }

  private readonly resized = (): void => {
    const { columns } = this;
    if (columns < this.width) this.stdout.write(ERASE_ROW_ABOVE.repeat(this.brokenRows(columns)));
    this.width = columns;
    this.onResize();
    this.emit('resize');
  };

  private brokenRows(columns: number): number {
    const rows = stripVTControlCharacters(this.frame).split('\n');
    return rows.reduce((sum, row) => sum + Math.max(0, Math.ceil(displayWidth(row) / columns) - 1), 0);
  }
}

/** Erases the row of the cursor (EL 2) and goes to the one above it (CUU). */
const ERASE_ROW_ABOVE = '\u001b[2K\u001b[1A';
