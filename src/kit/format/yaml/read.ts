import type { Problem, Source } from '../../../problem/problem.ts';
import { composeYaml } from './compose.ts';
import type { Fault } from './fault.ts';
import type { YamlNode } from './node.ts';
import { readQuickly, UNSURE } from './quick.ts';

/** The longest YAML text that is read, in UTF-16 units. */
const MAX_YAML_LENGTH = 64 * 1024 * 1024;

/** The longest text for the full reader, whose memory is some three hundred times the text. */
const MAX_COMPOSED_LENGTH = 2 * 1024 * 1024;

// YAML's own set of characters, without the surrogates: JavaScript reads `[^…]` by UTF-16 unit.
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u0084\u0086-\u009f\ufffe\uffff]/; // eslint-disable-line no-control-regex -- to refuse them

export interface YamlText {
  /** Absent for a text without content, and when there are problems. */
  readonly root?: YamlNode;
  readonly problems: readonly Problem[];
}

/** Reads YAML 1.2 as DVC's reader understands it, every node with its place. Never throws on bad input. */
export function readYaml(source: Source): YamlText {
  const text = source.text ?? '';
  const faults: Fault[] = [];
  const root = check(text, faults) ? parse(text, faults) : undefined;
  if (faults.length > 0) return { problems: faults.map((fault) => toProblem(fault, source)) };
  return root === undefined ? { problems: [] } : { root, problems: [] };
}

function check(text: string, faults: Fault[]): boolean {
  if (text.length > MAX_YAML_LENGTH) {
    faults.push({
      message: `the file is larger than ${megabytes(MAX_YAML_LENGTH)}`,
      start: 0,
      end: 0,
      about: 'too-big',
    });
    return false;
  }
  const bad = UNPRINTABLE.exec(text);
  if (bad === null) return true;
  const code = text.charCodeAt(bad.index).toString(16).padStart(4, '0').toUpperCase();
  const message = code === '0000' ? 'the file holds a NUL byte' : `the file holds a control character (U+${code})`;
  faults.push({ message, hint: 'is it a text file in UTF-8?', start: bad.index, end: bad.index + 1 });
  return false;
}

function parse(text: string, faults: Fault[]): YamlNode | undefined {
  const quick = readQuickly(text);
  if (quick !== UNSURE) return quick;
  if (text.length <= MAX_COMPOSED_LENGTH) return composeYaml(text, faults);
  faults.push({
    message: `the file is larger than ${megabytes(MAX_COMPOSED_LENGTH)} and holds what only small files may: an anchor, a tag, a tab or a mistake`,
    hint: 'write it plainly, or as JSON',
    start: 0,
    end: 0,
    about: 'too-big',
  });
  return undefined;
}

function megabytes(length: number): string {
  return `${String(length / 1024 / 1024)} MiB`;
}

const CODES = {
  'duplicate-key': 'PIPE_KEY_DUPLICATE',
  'too-big': 'PIPE_FILE_TOO_BIG',
} as const;

function toProblem(fault: Fault, source: Source): Problem {
  const place = (start: number, end: number) => ({ source, offset: start, length: Math.max(0, end - start) });
  const { message, hint, related } = fault;
  return {
    code: fault.about === undefined ? 'PIPE_YAML_SYNTAX' : CODES[fault.about],
    message,
    at: place(fault.start, fault.end),
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined
      ? {}
      : { related: [{ message: related.message, at: place(related.start, related.end) }] }),
  };
}
