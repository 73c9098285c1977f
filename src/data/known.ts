import type { PointerPlace } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';

/** What is tracked already, so that nothing is tracked twice. */
export interface Known {
  readonly stages: readonly Stage[];
  readonly pointers: readonly PointerPlace[];
  /** Reads it anew where another process may have changed it since; `undefined` where none has. Asked behind a claim. */
  readonly changed?: (() => Known | undefined) | undefined;
}
