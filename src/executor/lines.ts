import { StringDecoder } from 'node:string_decoder';

/** A line longer than this is handed on in pieces, so that output without line ends needs no memory. */
const LONGEST = 64 << 10;

/** Cuts a stream of bytes into lines. A carriage return at the end of a line is dropped. Bytes are read as UTF-8. */
export function lineSplitter(onLine: (line: string) => void): { write(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): void => {
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) emit(line);
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
