/** One token of a condition. Offsets are into its text. */
export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  /** As written; the content for a text, the inside for `${…}`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What is wrong with a condition, and where in its text. */
export class WhenError extends Error {
  readonly start: number;
  readonly end: number;
  readonly hint: string | undefined;

  constructor(message: string, span: { readonly start: number; readonly end: number }, hint?: string) {
    super(message);
    this.start = span.start;
    this.end = span.end;
    this.hint = hint;
  }
}

const TOKEN =
  /\s+|(?<template>\$\{[^}]*\})|(?<number>\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<name>[\p{L}_][\p{L}\p{N}_-]*)|(?<sign>==|!=|<=|>=|[<>()[\],.-])/suy;

/** Cuts a condition into tokens; the last one is `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw unknown(source, at);
    const end = at + match[0].length;
    const { template, number, text, name, sign } = match.groups ?? {};
    if (template !== undefined) tokens.push({ kind: 'name', text: template, start: at, end });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, start: at, end });
    else if (text !== undefined) tokens.push({ kind: 'text', text: unquote(text), start: at, end });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, start: at, end });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, start: at, end });
    at = end;
  }
  tokens.push({ kind: 'end', text: '', start: source.length, end: source.length });
  return tokens;
}

function unknown(source: string, at: number): WhenError {
  const char = source[at] ?? '';
  if (char === '"' || char === "'")
    return new WhenError('the text has no closing quote', { start: at, end: source.length });
  const hints: Readonly<Record<string, string>> = {
    '=': 'write == to compare',
    '&': 'write and',
    '|': 'write or',
    '!': 'write not',
  };
  return new WhenError(`"${char}" is not expected here`, { start: at, end: at + 1 }, hints[char]);
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gsu, '$1');
}
