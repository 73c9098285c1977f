import { stripVTControlCharacters } from 'node:util';
import { printable } from '../kit/width.ts';

/**
 * A line that a command printed, fit to stand among ours: what the terminal would show of it (the text after the last
 * carriage return), without anything that moves the cursor or changes the terminal. Its own colours stay if `color`;
 * of more than `longest` UTF-16 units the rest is cut.
 */
export function outputLine(line: string, options: { color: boolean; longest?: number }): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const start = line.lastIndexOf('\r', end - 1) + 1;
  const shown = line.slice(start, Math.min(end, start + (options.longest ?? Infinity)));
  if (!CONTROL.test(shown)) return shown;
  const tabs = shown.replaceAll('\t', '    ');
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
