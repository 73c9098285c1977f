import { stripVTControlCharacters } from 'node:util';
import { printable } from '../kit/width.ts';

/** A line of output longer than this is cut: a terminal row shows far less, and the log has it whole. */
const LONGEST = 4_000;

/**
 * A line that a command printed, fit to stand among ours: what the terminal would show of it (the text after the last
 * carriage return), without anything that moves the cursor or changes the terminal. Its own colours stay if `color`.
 */
export function outputLine(line: string, options: { color: boolean }): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const shown = line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
  const cut = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
  if (!CONTROL.test(cut)) return cut;
  const tabs = cut.replaceAll('\t', '    ');
  if (!options.color) return printable(stripVTControlCharacters(tabs));
  const parts = tabs.split(SGR);
  // `split` with one group: texts at even places, colour sequences at odd ones.
  const safe = parts.map((part, index) => (index % 2 === 1 ? part : printable(stripVTControlCharacters(part))));
  return parts.length > 1 ? `${safe.join('')}${RESET}` : safe.join('');
}

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
// Colours and weights only; 8 (conceal) hides nothing that matters, so all of SGR may pass.
// eslint-disable-next-line no-control-regex
const SGR = /(\u001b\[[0-9;]{0,40}m)/;
const RESET = '\u001b[0m';
