/** Between these the table of a page stands; the rest of the page is written by hand. */
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/**
 * The page with another text between its markers.
 * @throws {RangeError} when it does not have each marker once, in this order
 */
export function replaceTable(page: string, text: string): string {
  const [before, rest, ...again] = page.split(START);
  const [, after, ...more] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || again.length + more.length > 0)
    throw new RangeError(`the page needs one line "${START}" and one line "${END}" below it`);
  return `${before}${START}\n\n${text}\n\n${END}${after}`;
}
