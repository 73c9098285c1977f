import { type Cursor, Unsure } from './cursor.ts';
import type { ScalarNode } from './node.ts';

/** `|` or `>` with nothing but a sign behind it; the full reader takes the rest. */
const HEADER = /([|>])([-+]?) *\n/y;

/**
 * A block scalar for the quick reader; the cursor stands at its header.
 * @returns the node, and the indentation of the line after it
 */
export function readBlockScalar(cursor: Cursor, indent: number): readonly [ScalarNode, number] {
  const { text, at: start } = cursor;
  HEADER.lastIndex = start;
  const [header, style, chomp] = HEADER.exec(text) ?? [];
  if (header === undefined || cursor.crlf || !text.endsWith('\n')) throw new Unsure();
  const lines: string[] = [];
  let at = start + header.length;
  let width = -1;
  let end = start;
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at);
    const line = text.slice(at, lineEnd);
    const content = line.search(/[^ ]/);
    if (content < 0) {
      if (width < 0 && line.length > indent + 1) throw new Unsure();
      if (line.length > width && width >= 0) throw new Unsure();
      lines.push('');
    } else {
      if (width < 0) width = content;
      if (content < width || width <= indent) break;
      lines.push(line.slice(width));
      end = at + line.trimEnd().length;
    }
    at = lineEnd + 1;
  }
  if (width <= indent) throw new Unsure();
  const rest = text.slice(at);
  if (/^ *#/.test(rest)) throw new Unsure();
  cursor.at = at - 1;
  const next = cursor.nextLine();
  if (next > indent) throw new Unsure();
  let trailing = 0;
  while (lines.at(-1) === '') {
    lines.pop();
    trailing++;
  }
  const body = style === '|' ? lines.join('\n') : fold(lines);
  const tail = chomp === '-' ? '' : chomp === '+' ? '\n'.repeat(trailing + 1) : '\n';
  return [{ kind: 'scalar', value: body + tail, start, end }, next];
}

/** Single line ends become spaces, further ones stay. Lines that are indented further keep theirs: not done here. */
function fold(lines: readonly string[]): string {
  let result = '';
  let blanks = 0;
  let first = true;
  for (const line of lines) {
    if (line.startsWith(' ')) throw new Unsure();
    if (line === '') {
      blanks++;
      continue;
    }
    result += first ? '\n'.repeat(blanks) : blanks > 0 ? '\n'.repeat(blanks) : ' ';
    result += line;
    blanks = 0;
    first = false;
  }
  return result;
}
