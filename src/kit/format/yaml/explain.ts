import type { Fault } from './fault.ts';

/** What the package says of one error. */
interface ParseError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

const CONFLICT = /^(?:<{7}|>{7}) .*$/m;

/** The package's words for the mistakes that people make most, and ours. */
const WORDS: readonly { readonly of: RegExp; readonly message: string; readonly hint: string }[] = [
  { of: /^Tabs are not allowed/, message: 'a tab indents this line', hint: 'indent with spaces' },
  {
    of: /^Missing closing .quote/,
    message: 'a quote is never closed',
    hint: 'close it, or double a quote inside the text',
  },
  {
    of: /must be sufficiently indented and end with/,
    message: 'a bracket is not closed, or its lines are not indented',
    hint: 'close it, and indent its lines further than its key',
  },
  {
    of: /^Missing , or : between flow/,
    message: 'a comma is missing between two items',
    hint: 'inside [ ] and { } a text with ${…} stands in quotes',
  },
  {
    of: /^Nested mappings are not allowed in compact/,
    message: 'a text holds ": ", which makes it a map',
    hint: 'put it in quotes',
  },
  {
    of: /^Plain value cannot start with/,
    message: 'a text cannot start with this character',
    hint: 'put it in quotes',
  },
  {
    of: /^All mapping items must start at the same column/,
    message: 'the keys of a map must start at the same column',
    hint: 'indent this line like the other keys',
  },
  {
    of: /^Unexpected scalar at node end/,
    message: 'text follows a value that has ended',
    hint: 'double a quote inside quotes',
  },
  {
    of: /^Implicit map keys need to be followed/,
    message: 'this is no key: ":" is missing behind it',
    hint: 'write key: value',
  },
  {
    of: /^Implicit keys need to be on a single line/,
    message: 'a key spans several lines',
    hint: 'is ":" missing behind it?',
  },
  {
    of: /^Unexpected block-seq-ind on same line/,
    message: 'a list cannot start here',
    hint: 'start it on the next line',
  },
];

/**
 * The faults that the errors of the `yaml` package amount to: one of each kind, since the first of a kind usually
 * causes the others, and a merge conflict causes them all.
 */
export function explainErrors(errors: readonly ParseError[], text: string): Fault[] {
  if (errors.length === 0) return [];
  const conflict = CONFLICT.exec(text);
  if (conflict !== null) {
    const end = conflict.index + conflict[0].length;
    return [{ message: 'the file holds a merge conflict', hint: 'resolve it', start: conflict.index, end }];
  }
  const ofKind = new Map<string, ParseError>();
  for (const error of errors) if (!ofKind.has(error.code)) ofKind.set(error.code, error);
  return Array.from(ofKind.values(), toFault);
}

function toFault({ message, pos: [start, end] }: ParseError): Fault {
  const ours = WORDS.find(({ of }) => of.test(message));
  if (ours !== undefined) return { message: ours.message, hint: ours.hint, start, end };
  const [first = message] = message.split('\n');
  return { message: first.replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, ''), start, end };
}
