/** How many characters a mark of Git has, unless a driver is told otherwise. */
const MARK_SIZE = 7;

/** The two sides of something that a merge could not decide. */
export interface Sides {
  readonly ours: string;
  readonly theirs: string;
}

const MARK = /^(?:<{7,} |={7,}$|>{7,} )/m;

/** Whether a text holds the marks of a merge that was not finished. */
export function hasMarks(text: string): boolean {
  return MARK.test(text);
}

/** Both sides of a conflict between the marks that Git and everybody who edits after it know. Sides are whole lines. */
export function conflictText({ ours, theirs }: Sides, markSize = MARK_SIZE): string {
  const mark = (character: string): string => character.repeat(markSize);
  return `${mark('<')} ours\n${ours}${mark('=')}\n${theirs}${mark('>')} theirs\n`;
}

/** The whole text as either side would have it; `undefined` when the marks do not pair up. */
export function sidesOf(text: string): Sides | undefined {
  const sides = { ours: '', theirs: '' };
  let part: 'both' | 'ours' | 'ancestor' | 'theirs' = 'both';
  for (const line of text.split(/(?<=\n)/)) {
    const next = partAfter(line);
    if (next === undefined) {
      if (part === 'both' || part === 'ours') sides.ours += line;
      if (part === 'both' || part === 'theirs') sides.theirs += line;
    } else if (!isBefore(part, next)) return undefined;
    else part = next;
  }
  return part === 'both' ? sides : undefined;
}

function partAfter(line: string): 'both' | 'ours' | 'ancestor' | 'theirs' | undefined {
  if (/^<{7,} /.test(line)) return 'ours';
  if (/^\|{7,}(?: |\r?\n|$)/.test(line)) return 'ancestor';
  if (/^={7,}\r?\n?$/.test(line)) return 'theirs';
  return /^>{7,} /.test(line) ? 'both' : undefined;
}

function isBefore(part: string, next: string): boolean {
  if (next === 'ours') return part === 'both';
  if (next === 'ancestor') return part === 'ours';
  if (next === 'theirs') return part === 'ours' || part === 'ancestor';
  return part === 'theirs';
}

/** What of two texts that agree at their beginning and end differs, as one conflict of whole lines. */
export function betweenMarks({ ours, theirs }: Sides, markSize = MARK_SIZE): string {
  const [our, their] = [linesOf(ours), linesOf(theirs)];
  const shorter = Math.min(our.length, their.length);
  let start = 0;
  while (start < shorter && our[start] === their[start]) start += 1;
  let end = 0;
  while (end < shorter - start && our.at(-1 - end) === their.at(-1 - end)) end += 1;
  const middle = (lines: readonly string[]): string => lines.slice(start, lines.length - end).join('');
  const conflict = conflictText({ ours: middle(our), theirs: middle(their) }, markSize);
  return our.slice(0, start).join('') + conflict + our.slice(our.length - end).join('');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** The stages of a lock that stand between marks, in the order of the text. */
export function stagesBetweenMarks(lock: string): string[] {
  const names = new Set<string>();
  let inside = false;
  for (const line of lock.split('\n')) {
    const part = partAfter(line);
    if (part !== undefined) inside = part !== 'both';
    const written = inside ? /^ {4}("(?:[^"\\]|\\.)*"): \{/.exec(line)?.[1] : undefined;
    const name = written === undefined ? undefined : textOf(written);
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

function textOf(written: string): string | undefined {
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined; // not as JSON writes it: nothing that could be named
  }
}
