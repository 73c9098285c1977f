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
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
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
  /** Runs one command to its end. Rejects only when it cannot be started at all. */
  run(execution: Execution): Promise<ExecutionResult>;
}
