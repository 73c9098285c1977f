import type { Project } from '../project/project.ts';
import { beginParts, endParts } from '../run/partial-outs.ts';
import type { Selected } from './select.ts';
import type { TrackedPlace } from './tracked.ts';

/** What is called while paths are checked out. They are named by their places in the list of what was selected. */
interface OutsInParts {
  /** Before the first path is touched, with those that are not what they are to be. */
  readonly beforeTouch: (changing: ReadonlySet<number>) => void;
  /** When only a part of a path can be put in place, before its folder is made. */
  readonly beforePart: (at: number) => void;
  /** When all is done. */
  readonly afterwards: (done: readonly { readonly missing: readonly string[] }[]) => void;
}

/** Notes of which outs of stages not all is in place, from before they are touched until all of it is. */
export function outsInParts(project: Project, selected: readonly Selected<TrackedPlace>[]): OutsInParts {
  const parts = selected.flatMap(({ tracked: { owner, path }, below }, at) =>
    owner.kind === 'stage' ? [{ path, below, at }] : [],
  );
  return {
    beforeTouch(changing) {
      const touched = parts.filter(({ at }) => changing.has(at));
      // What is restored as a whole comes in one step.
      beginParts(project, touched.map((part) => ({ ...part, makes: part.below !== '' }))); // prettier-ignore
    },
    beforePart(at) {
      beginParts(project, parts.flatMap((part) => (part.at === at ? [{ ...part, makes: true }] : []))); // prettier-ignore
    },
    afterwards(done) {
      const isWhole = ({ at }: { readonly at: number }): boolean => done[at]?.missing.length === 0;
      endParts(project, parts.filter(isWhole), parts.filter((part) => !isWhole(part))); // prettier-ignore
    },
  };
}
