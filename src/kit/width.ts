/**
 * How many terminal columns a text takes: 2 for wide East Asian characters and emoji, 0 for what joins the character
 * before it, 1 for the rest. Ranges after Unicode 15.1 `EastAsianWidth.txt` (W and F) and `emoji-data.txt`.
 */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter().segment(text)) width += clusterWidth(segment);
  return width;
}

/** Cuts a text to at most `width` columns; a cut text ends in `mark`. */
export function truncate(text: string, width: number, mark = '…'): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(mark);
  let taken = '';
  let used = 0;
  for (const { segment } of segmenter().segment(text)) {
    used += clusterWidth(segment);
    if (used > room) break;
    taken += segment;
  }
  return taken + mark;
}

/** Fills a text with spaces up to `width` columns; a longer one stays as it is. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Shows control characters as escapes, so that a name cannot break a line or steer the terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, (char) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char];
    return short ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const PLAIN = /^[\x20-\x7e]*$/;
// Also what reorders text on a terminal (U+202A–202E, U+2066–2069) and the line separators.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const ZERO = /^(?:\p{Mn}|\p{Me}|\p{Cf}|\p{Cc})+$/u;
const EMOJI = /^\p{Emoji_Presentation}|^\p{Emoji}\ufe0f|^\p{Regional_Indicator}/u;

const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

let shared: Intl.Segmenter | undefined;
function segmenter(): Intl.Segmenter {
  return (shared ??= new Intl.Segmenter('en', { granularity: 'grapheme' }));
}

function clusterWidth(cluster: string): number {
  if (ZERO.test(cluster)) return 0;
  if (EMOJI.test(cluster)) return 2;
  const code = cluster.codePointAt(0) ?? 0;
  return WIDE.some(([low, high]) => code >= low && code <= high) ? 2 : 1;
}
