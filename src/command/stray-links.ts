import type { StrayLink } from '../fingerprint/file.ts';
import { clean, plural } from '../report/words.ts';
import { firstNames } from '../kit/first-names.ts';
import type { Engine } from '../run/engine.ts';

/** What is said of links to objects that do not lead where they should, though what they stand for did not change. */
export interface StrayNote {
  readonly message: string;
  readonly hint: string;
}

const HINT = '`pipe checkout` leads them to the cache in use, where it has their objects; else `pipe fetch` first';

/** A note for each kind of such links, with some of their names. Those that were edited show as modified. */
export function strayNotes({ strays }: Pick<Engine, 'strays'>): StrayNote[] {
  const all = [...strays.values()];
  const of = (state: StrayLink['state']): string[] =>
    all.filter((each) => each.state === state).map(({ path }) => path);
  return [
    noteOf(of('gone'), 'to objects that are not there (was the project or the cache moved?)'),
    noteOf([...of('elsewhere'), ...of('wrong')], 'into another cache'),
  ].flatMap((note) => note ?? []);
}

function noteOf(paths: readonly string[], where: string): StrayNote | undefined {
  if (paths.length === 0) return undefined;
  return { message: `${plural(paths.length, 'link')} ${where}: ${firstNames(paths.map(clean))}`, hint: HINT };
}

/** Says on standard error what was found of such links. */
export function tellStrays(engine: Pick<Engine, 'strays' | 'emit'>): void {
  for (const note of strayNotes(engine)) engine.emit({ type: 'notice', ...note });
}
