import { readdirSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Memory of the machine, or of the control group that this process lives in, in bytes. */
export function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** How many NVIDIA devices the machine has. */
export function gpuCount(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
