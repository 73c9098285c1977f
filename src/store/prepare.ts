import { makeFolder } from '../kit/make-folder.ts';
import { PipeError } from '../problem/problem.ts';
import type { StoreLayout } from './layout.ts';
import { FORMER_FORMATS, STORE_FORMAT, formatOf } from './layout.ts';
import { writeShared } from './write-shared.ts';

/**
 * Makes the folders that a first write to a store needs, and checks the version.
 * @throws {PipeError} PIPE_STORE_FORMAT for a store that a newer `pipe` wrote.
 */
export function prepareStore(layout: StoreLayout): void {
  const format = formatOf(layout);
  if (format === undefined || FORMER_FORMATS.includes(format)) {
    makeFolder(layout.tmp, layout);
    writeShared(layout, layout.format, `${STORE_FORMAT}\n`);
  } else if (format !== STORE_FORMAT) {
    throw new PipeError({
      code: 'PIPE_STORE_FORMAT',
      message: `the cache ${layout.root} has the format ${JSON.stringify(format.slice(0, 40))}; this pipe knows ${STORE_FORMAT}`,
      hint: 'use a newer pipe, or another folder (`pipe config cache.dir DIR`)',
    });
  }
}
