import type { Project } from '../project/project.ts';
import { makePartialOut, notePartialOuts, openPartialOuts } from '../run/partial-outs.ts';
import { removeEmptyFolder } from '../store/apply.ts';
import { statNow } from '../store/untouched.ts';
import type { Selected } from './select.ts';
import type { TrackedPlace } from './tracked.ts';
import { absoluteOf } from './workspace.ts';

/** What is called while paths are checked out. They are named by their places in the list of what was selected. */
interface OutsInParts {
  /** Before the first path is touched, with those that are not what they are to be. */
  readonly beforeTouch: (changing: ReadonlySet<number>) => void;
  /** When only a part of a path can be put in place, once its folder is made. */
  readonly beforePart: (at: number) => void;
  /** When all is done. */
  readonly afterwards: (done: readonly { readonly missing: readonly string[] }[]) => void;
}

/** Notes of which outs of stages not all is in place, from before they are touched until all of it is. */
export function outsInParts(project: Project, selected: readonly Selected<TrackedPlace>[]): OutsInParts {
  const outs = selected.flatMap(({ tracked: { owner, path }, below }, at) =>
    owner.kind === 'stage' ? [{ path, below, at }] : [],
  );
  const made = new Set<string>();
  let wasPart: ReadonlySet<string> = new Set();
  const wasWhole = (path: string): boolean => !wasPart.has(path) && !made.has(path);
  return {
    beforeTouch(changing) {
      if (outs.length === 0) return;
      const known = openPartialOuts(project);
      wasPart = new Set(outs.flatMap(({ path }) => (known.has(path) ? [path] : [])));
      const touched = outs.filter(({ at }) => changing.has(at));
      for (const { path, below } of touched) if (below !== '' && makePartialOut(project, path)) made.add(path);
      const isFolder = (path: string): boolean => statNow(absoluteOf(project, path))?.isDirectory() === true;
      notePartialOuts(project, touched.flatMap(({ path }) => (isFolder(path) ? [path] : []))); // prettier-ignore
    },
    beforePart(at) {
      const out = outs.find((each) => each.at === at);
      if (out !== undefined) notePartialOuts(project, [out.path]);
    },
    afterwards(done) {
      for (const path of made) removeEmptyFolder(absoluteOf(project, path));
      const isWhole = ({ path, below, at }: (typeof outs)[number]): boolean =>
        done[at]?.missing.length === 0 && (below === '' || wasWhole(path));
      const parts = new Set(outs.filter((out) => !isWhole(out)).map(({ path }) => path));
      const whole = outs.flatMap(({ path }) => (parts.has(path) ? [] : [path]));
      if (whole.length > 0) notePartialOuts(project, [], whole);
    },
  };
}
