import type { LoadOptions } from '../pipeline/load.ts';
import { loadPipeline } from '../pipeline/load.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { Result } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';

/**
 * What a pipeline file means when files are read through `read`: an edited text, or another Git revision. Resources are
 * not held against this machine.
 */
export function loadThrough(
  { config }: Project,
  options: Pick<LoadOptions, 'file' | 'read' | 'env'>,
): Result<Pipeline> {
  return loadPipeline({ ...options, parsing: { bool: config.get('parsing.bool'), list: config.get('parsing.list') } });
}
