/** One command of a stage, ready to run. */
export interface Execution {
  readonly command: string;
  /** Absolute path. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** Ends the command gently when aborted; its reason names the signal to pass on. */
  readonly signal: AbortSignal;
  /** Ends the command at once when aborted. */
  readonly forceSignal: AbortSignal;
  /** Told each line that it writes, without its end. Nothing more is read until what it returns is done. */
  readonly onLines: (stream: 'stdout' | 'stderr', lines: readonly string[]) => void | Promise<void>;
  /** Told the process group once the command runs. */
  readonly onStart: (group: number) => void;
}

/** How a command ended. */
export interface ExecutionResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  /** Whether processes of its group were still running when the command had ended, and were ended too. */
  readonly leftovers: boolean;
}

/** Where commands run. */
export interface Executor {
  /** Makes ready what the first command would otherwise wait for. */
  prepare?(): void;
  /** Runs one command to its end. Rejects only when it cannot be started at all. */
  run(execution: Execution): Promise<ExecutionResult>;
}
