import fc from 'fast-check';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fingerprintPath } from '../fingerprint/file.ts';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import { storeLayout } from '../store/layout.ts';
import { ObjectStore } from '../store/object-store.ts';
import { isComplete } from '../store/completeness.ts';
import { restoreEntry } from '../store/restore.ts';
import { isSafeName } from '../store/tree.ts';
import { storeSink } from './sink.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-sink-')));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Made = string | { readonly link: string } | { readonly run: string } | Map<string, Made>;
const odd = fc.constantFrom('__proto__', 'constructor', ' ', '\u2028', 'a\nb', '-x');
const name = fc.oneof(odd, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 })).filter(isSafeName);
const { made } = fc.letrec<{ made: Made }>((tie) => ({
  made: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.record({ run: fc.string() }),
    fc.record({ link: name }),
    fc.array(fc.tuple(name, tie('made')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
}));

function make(path: string, what: Made): void {
  if (typeof what === 'string') writeFileSync(path, what);
  else if ('link' in what) symlinkSync(what.link, path);
  else if ('run' in what) {
    writeFileSync(path, what.run);
    chmodSync(path, 0o755);
  } else {
    mkdirSync(path);
    for (const [each, inner] of what) make(join(path, each), inner);
  }
}

test('whatever a walk stores is restored as it was', async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(made, async (what) => {
      round += 1;
      const root = join(folder, String(round));
      mkdirSync(root);
      make(join(root, 'out'), what);
      const store = new ObjectStore(storeLayout(join(root, '.cache')), blake3, () => undefined);
      const options = {
        root,
        index: openStatIndex(join(root, '.index'), root, checksum),
        blake3,
        ignored: () => false,
        now: Date.now,
      };
      const writer = store.writer();
      const seen = await fingerprintPath('out', { follow: false, sink: storeSink(writer) }, options);
      await writer.finish();
      expect(await fingerprintPath('out', { follow: false }, options)).toEqual(seen);
      expect(seen !== undefined && isComplete(store, seen)).toBe(true);
      if (seen !== undefined) await restoreEntry(store, seen, { target: join(root, 'again'), root });
      expect(await fingerprintPath('again', { follow: false }, options)).toEqual(seen);
    }),
    { numRuns: 40 },
  );
});
