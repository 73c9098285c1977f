import { createInterface } from 'node:readline';
import type { Context } from '../command.ts';

/** Asks on standard error; anything but a yes, the end of the input included, is a no. */
export async function confirmed({ stdin, stderr, signal }: Context, question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, terminal: false, signal });
  try {
    stderr.write(`${question} [y/N] `);
    const { value } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
    return /^y(?:es)?$/i.test(value?.trim() ?? '');
  } finally {
    lines.close();
  }
}
