import type { Problem } from '../problem/problem.ts';
import type { Execution, ExecutionResult } from './executor.ts';

/** What `pipe` asks of the process that runs its commands. Both are of one build, so the form has no version. */
export type ToHost =
  | { readonly type: 'run'; readonly id: number; readonly execution: PlainExecution }
  | { readonly type: 'end'; readonly id: number; readonly reason: string }
  | { readonly type: 'kill'; readonly id: number };

/** What that process answers. */
export type FromHost =
  | { readonly type: 'started'; readonly id: number; readonly group: number }
  | {
      readonly type: 'lines';
      readonly id: number;
      readonly stream: 'stdout' | 'stderr';
      readonly lines: readonly string[];
    }
  | { readonly type: 'ended'; readonly id: number; readonly result: ExecutionResult }
  | { readonly type: 'refused'; readonly id: number; readonly problems: readonly Problem[] }
  | { readonly type: 'broken'; readonly id: number; readonly stack: string };

/** The part of an execution that can be sent. */
export type PlainExecution = Pick<Execution, 'command' | 'cwd' | 'env' | 'timeoutMs'>;
