/** Between these the table of a run stands; the rest of the page is written by hand. */
const start = (names: readonly string[]): string => `<!-- ${['bench:start', ...names].join(' ')} -->`;
const END = '<!-- bench:end -->';

/**
 * The page with another text between two of its markers: those of the run of these scenarios (`bench:start data.small`),
 * or of all that is run when none is named (`bench:start`).
 * @throws {RangeError} when it does not have the first marker once, with the end below it
 */
export function replaceTable(page: string, text: string, names: readonly string[] = []): string {
  const marker = start(names);
  const [before, rest, ...again] = page.split(marker);
  const end = rest?.indexOf(END) ?? -1;
  const isOther = rest?.slice(0, Math.max(end, 0)).includes('<!-- bench:start') === true;
  if (before === undefined || rest === undefined || end < 0 || isOther || again.length > 0)
    throw new RangeError(`the page needs one line "${marker}" and one line "${END}" below it`);
  return `${before}${marker}\n\n${text}\n\n${rest.slice(end)}`;
}
