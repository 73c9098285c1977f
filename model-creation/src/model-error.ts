/**
 * A mistake in data, parameters or the machine's set-up that its user can mend. A stage prints its message alone; any
 * other exception is a bug and keeps its stack.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
