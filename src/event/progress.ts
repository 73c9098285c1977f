import { stripVTControlCharacters } from 'node:util';

/** What a stage's command said about how far it is. */
export interface Progress {
  /** 0 to 1; absent when the command cannot tell. */
  readonly fraction?: number;
  readonly message?: string;
}

/** Looked at no further: a line may have megabytes. */
const LONGEST_LINE = 1_000;
const LONGEST_MESSAGE = 200;

// The number is what JSON and the languages of scripts print; `nan`, `inf` and hexadecimal stay out.
const SHAPE = /^::progress[ \t]+(-|\d{1,20}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,3})?|\.\d{1,40})(?:[ \t]+(.*))?$/su;
// Control characters, line separators and what changes the direction of text.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * Reads a line `::progress <fraction|-> [message]` (docs/progress.md). `undefined` for every other line, which then is
 * ordinary output: a mistaken report stays visible. A fraction above 1 counts as 1.
 */
export function parseProgress(line: string): Progress | undefined {
  if (!line.startsWith('::progress')) return undefined;
  const found = SHAPE.exec(line.slice(0, LONGEST_LINE));
  if (!found) return undefined;
  const [, number = '-', text = ''] = found;
  const message = cut(stripVTControlCharacters(text).replace(CONTROL, ' ').trim());
  return {
    ...(number === '-' ? {} : { fraction: Math.min(1, Number(number)) }),
    ...(message === '' ? {} : { message }),
  };
}

function cut(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${message.slice(0, LONGEST_MESSAGE - 1).replace(/[\ud800-\udbff]$/u, '')}…`;
}
