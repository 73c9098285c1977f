import type { WorkProgress } from '../data/workspace.ts';
import type { ProgressOptions } from '../report/progress.ts';
import { createProgress } from '../report/progress.ts';

/** A line of progress for files and their bytes, which begins anew with each kind of work; it is to be ended. */
export function workProgress({ label, ...options }: ProgressOptions): WorkProgress & { readonly end: () => void } {
  let line = createProgress({ ...options, label });
  let done = { files: 0, bytes: 0 };
  let all = { files: 0, bytes: 0 };
  return {
    begin(what) {
      line.end();
      line = createProgress({ ...options, label: what });
      done = { files: 0, bytes: 0 };
      all = { files: 0, bytes: 0 };
    },
    expect(files, bytes) {
      all.files += files;
      all.bytes += bytes;
    },
    done(files, bytes) {
      done.files += files;
      done.bytes += bytes;
      // What was to come back as a whole and cannot is begun again: then nobody knows how much it is.
      const isKnown = all.files >= done.files && all.bytes >= done.bytes;
      if (isKnown) line.update(done.files, all.files, { done: done.bytes, total: all.bytes });
      else line.update(done.files, undefined, done.bytes);
    },
    end() {
      line.end();
    },
  };
}
