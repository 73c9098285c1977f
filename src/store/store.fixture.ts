import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';

/** A store for a test, in a folder. */
export function openStore(folder: string, blake3: Blake3, damaged: Digest[] = []): ObjectStore {
  return new ObjectStore(storeLayout(join(folder, 'cache')), blake3, (digest) => damaged.push(digest));
}

/** Stores texts as small objects, packed when there are enough of them. */
export async function pack(store: ObjectStore, blake3: Blake3, texts: readonly string[]): Promise<Digest[]> {
  const writer = store.writer();
  for (const text of texts) if (writer.addNow(blake3.raw(text), Buffer.from(text))) await writer.settle();
  await writer.finish();
  return texts.map((text) => blake3.hash(text));
}

/** So many different texts. */
export function texts(count: number, name = 'object'): string[] {
  return Array.from({ length: count }, (_, at) => `${name} ${String(at)}`);
}

/**
 * Starts another process that works on the store in a folder. `program` sees `store`, `blake3` and `pack` (a function
 * that packs texts), and the arguments as `args`.
 */
export function startProcess(folder: string, program: string, ...args: string[]): ChildProcess {
  const modules = [import.meta.filename, join(import.meta.dirname, '../kit/blake3.ts')].map(
    (file) => pathToFileURL(file).href,
  );
  const whole = `
    const [fixture, kit] = await Promise.all(${JSON.stringify(modules)}.map((each) => import(each)));
    const blake3 = await kit.loadBlake3();
    const [, folder, ...args] = process.argv;
    const store = fixture.openStore(folder, blake3);
    const pack = (texts) => fixture.pack(store, blake3, texts);
    const { appendFileSync } = await import('node:fs');
    ${program}`;
  const options = ['--import', 'tsx', '--input-type=module', '-e', whole, folder, ...args];
  return spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The exit code or signal that a process ended with. */
export async function endOf(child: ChildProcess): Promise<unknown> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return code ?? signal;
}
