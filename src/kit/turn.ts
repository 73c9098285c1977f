import { setImmediate } from 'node:timers/promises';
import { checkAborted } from './abort.ts';

/** Lets signals of the system have their turn. Throws an AbortError when one asks to stop. */
export async function takeTurn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  checkAborted(signal);
}
