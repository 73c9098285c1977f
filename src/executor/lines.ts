import { StringDecoder } from 'node:string_decoder';

/** A line longer than this is handed on in pieces, so that output without line ends needs no memory. */
const LONGEST = 64 << 10;

/**
 * Cuts a stream of bytes, read as UTF-8, into lines. Of a line that was written over after carriage returns (a bar of
 * progress) the last state is handed on.
 */
export function lineSplitter(onLine: (line: string) => void): { write(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): void => {
    onLine(line.slice(lastStart(line), textEnd(line)));
  };
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    const open = lines.pop() ?? '';
    for (const line of lines) emit(line);
    // What was written over is gone, so that a bar of progress needs no memory.
    rest = open.slice(lastStart(open));
    while (rest.length > LONGEST) {
      // Not between the two halves of a character beyond U+FFFF.
      const end = /[\ud800-\udbff]/.test(rest.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
      onLine(rest.slice(0, end));
      rest = rest.slice(end);
    }
  };
  return {
    write(chunk) {
      take(decoder.write(chunk));
    },
    end() {
      take(decoder.end());
      if (rest !== '') emit(rest);
      rest = '';
    },
  };
}

/** Where a line's last state begins: after the last carriage return that has text after it. */
function lastStart(line: string): number {
  const end = textEnd(line);
  return end === 0 ? 0 : line.lastIndexOf('\r', end - 1) + 1;
}

/** Where a line's text ends: before the carriage returns at its end. */
function textEnd(line: string): number {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return end;
}
