/**
 * The seed of the moments at which faults strike. One that is fixed: whoever changes something is to see what that
 * change broke. `FAULT_SEED=$RANDOM` looks for new moments, or repeats a run; what the machine is doing just then may
 * differ all the same.
 */
export const FAULT_SEED = Number(process.env['FAULT_SEED'] ?? 1_123_581);
