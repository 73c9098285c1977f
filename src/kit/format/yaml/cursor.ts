import { MAX_DEPTH } from '../json.ts';
import type { ScalarNode } from './node.ts';
import { resolvePlain, TOO_LONG } from './plain.ts';

/** Thrown inside the quick reader where only the full one knows what a text means. */
export class Unsure extends Error {}

/** A place in a text that moves on as the text is read. Holds no tabs and no line ends but `\n`. */
export class Cursor {
  readonly text: string;
  /** Lines ended in CRLF: each has a space too many at its end, which counts in block scalars alone. */
  readonly crlf: boolean;
  at = 0;
  private depth = 0;

  constructor(text: string, crlf: boolean) {
    this.text = text;
    this.crlf = crlf;
  }

  /** The UTF-16 unit here; NaN at the end. */
  get code(): number {
    return this.text.charCodeAt(this.at);
  }

  /** Called around each list and map: what nests deep is left to the full reader, which says so. */
  enter(): void {
    if (++this.depth > MAX_DEPTH / 2) throw new Unsure();
  }

  leave(): void {
    this.depth--;
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.at) === SPACE) this.at++;
  }

  /** Whether nothing but spaces and a comment is left on this line; then moves to its end. */
  skipToLineEnd(): boolean {
    const start = this.at;
    this.skipSpaces();
    const { code } = this;
    if (code === HASH && this.at > start) this.at = this.lineEnd();
    else if (code !== NEWLINE && this.at < this.text.length) {
      this.at = start;
      return false;
    }
    return true;
  }

  /** The offset of the end of this line. */
  lineEnd(): number {
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.length : end;
  }

  /**
   * From the end of a line to the next one with content: returns its indentation and stands at its first character;
   * −1 at the end of the text.
   */
  nextLine(): number {
    const { text } = this;
    for (;;) {
      if (this.at >= text.length) return -1;
      const start = this.code === NEWLINE ? this.at + 1 : this.at;
      this.at = start;
      this.skipSpaces();
      const { code } = this;
      if (code === HASH) this.at = this.lineEnd();
      else if (code !== NEWLINE && this.at < text.length) return this.at - start;
    }
  }
}

export const NEWLINE = 10;
export const SPACE = 32;
export const HASH = 35;
export const DASH = 45;
export const COLON = 58;

/** A plain scalar's node. */
export function plainNode(text: string, start: number, end: number): ScalarNode {
  const value = resolvePlain(text);
  if (value === TOO_LONG) throw new Unsure();
  return { kind: 'scalar', value, start, end };
}

/** A quoted scalar on one line; the cursor stands at its opening quote. */
export function readQuoted(cursor: Cursor): ScalarNode {
  const { text, at: start } = cursor;
  const quote = text[start] ?? '';
  const lineEnd = cursor.lineEnd();
  let end = text.indexOf(quote, start + 1);
  let plain = true;
  if (quote === "'") {
    while (end >= 0 && text[end + 1] === "'") {
      plain = false;
      end = text.indexOf(quote, end + 2);
    }
  } else {
    const slash = text.indexOf('\\', start + 1);
    if (slash >= 0 && slash < end) {
      plain = false;
      end = start + 1;
      while (end < lineEnd && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    }
  }
  if (end < 0 || end >= lineEnd) throw new Unsure();
  const inner = text.slice(start + 1, end);
  cursor.at = end + 1;
  return { kind: 'scalar', value: plain ? inner : unquote(inner, quote), start, end: cursor.at };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', '/': '/', n: '\n', t: '\t' };

function unquote(inner: string, quote: string): string {
  if (quote === "'") return inner.replaceAll("''", "'");
  return inner.replace(/\\(.?)/gsu, (_, escape: string) => {
    const char = Object.hasOwn(ESCAPES, escape) ? ESCAPES[escape] : undefined;
    if (char === undefined) throw new Unsure();
    return char;
  });
}
