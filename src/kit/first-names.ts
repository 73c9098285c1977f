/** As many names are told of many. */
const MOST = 3;

/** The first of some names, and a sign that there are more. */
export function firstNames(names: readonly string[]): string {
  return names.slice(0, MOST).join(', ') + (names.length > MOST ? ', …' : '');
}
