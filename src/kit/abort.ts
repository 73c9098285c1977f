/**
 * Throws an AbortError when a signal asks to stop. The signal's own `throwIfAborted` throws its reason, which is the
 * name of a signal of the system here and no error.
 */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new DOMException('The run was stopped', 'AbortError');
}

/** Whether an error only says that somebody asked to stop. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
