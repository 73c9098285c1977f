import { createInterface } from 'node:readline';
import { checkAborted } from '../../kit/abort.ts';
import type { Context } from '../command.ts';

/**
 * Asks on standard error; anything but a yes, the end of the input included, is a no.
 * @throws an AbortError when somebody asks to stop instead of answering
 */
export async function confirmed({ stdin, stderr, signal }: Context, question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, terminal: false, signal });
  try {
    stderr.write(`${question} [y/N] `);
    const { value } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
    checkAborted(signal);
    return /^y(?:es)?$/i.test(value?.trim() ?? '');
  } finally {
    lines.close();
  }
}
