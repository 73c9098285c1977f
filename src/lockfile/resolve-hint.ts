import type { Problem } from '../problem/problem.ts';
import { hasMarks } from './conflict.ts';

/** Where the marks of a merge keep a pointer from being read, its problems name the command that takes them out. */
export function namingResolve(
  problems: readonly Problem[],
  { file, text }: { readonly file: string; readonly text: string },
): Problem[] {
  if (!hasMarks(text)) return [...problems];
  const hint = `keep one side: \`pipe resolve --ours ${file}\` or \`pipe resolve --theirs ${file}\``;
  return problems.map((problem) => (problem.code === 'PIPE_YAML_SYNTAX' ? { ...problem, hint } : problem));
}
