import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseData } from '../kit/format/data.ts';
import { sidesOf } from './conflict.ts';
import type { FolderSides } from './merge-pointer.ts';
import { mergePointers } from './merge-pointer.ts';

const options = { shown: 'data.pipe' };

interface Out {
  readonly path?: string;
  readonly digest: string;
  readonly size: number;
  readonly files?: number;
  readonly remote?: string;
  readonly push?: boolean;
}

function pointer(out: Out, rest: Readonly<Record<string, unknown>> = {}): string {
  return stringify({ schema: 'pipe.pointer/1', ...rest, outs: [{ path: 'data', ...out }] });
}

const out: fc.Arbitrary<Out> = fc.record(
  {
    path: fc.constantFrom('data', 'other'),
    digest: fc.constantFrom('b3:00', 'b3:01', 'b3:02'),
    size: fc.nat(1),
    files: fc.nat(1),
    remote: fc.constantFrom('a', 'b'),
    push: fc.boolean(),
  },
  { requiredKeys: ['digest', 'size'] },
);
const rest = fc.record({ desc: fc.constantFrom('x', 'y'), meta: fc.constantFrom(1, '1', 1.5) }, { requiredKeys: [] });
const text = fc.tuple(out, rest).map(([each, more]) => pointer(each, more));

describe('a merge of pointers', () => {
  test('is the same in either order, up to the order of the sides between marks', () => {
    fc.assert(
      fc.property(text, text, text, (ancestor, ours, theirs) => {
        const one = mergePointers({ ancestor, ours, theirs }, options);
        const other = mergePointers({ ancestor, ours: theirs, theirs: ours }, options);
        expect(other.conflicts).toEqual(one.conflicts);
        const split = sidesOf(other.text);
        expect(sidesOf(one.text)).toEqual({ ours: split?.theirs, theirs: split?.ours });
      }),
    );
  });

  test('with a side that changed nothing is the other side', () => {
    fc.assert(
      fc.property(text, text, (ancestor, changed) => {
        expect(mergePointers({ ancestor, ours: ancestor, theirs: changed }, options).text).toBe(changed);
        expect(mergePointers({ ancestor, ours: changed, theirs: ancestor }, options).text).toBe(changed);
      }),
    );
  });

  test('takes the bytes of one side whole: a digest never comes with another size', () => {
    fc.assert(
      fc.property(text, text, text, (ancestor, ours, theirs) => {
        const split = sidesOf(mergePointers({ ancestor, ours, theirs }, options).text);
        const known = [ours, theirs].map(contentOf);
        for (const side of [split?.ours, split?.theirs]) expect(known).toContainEqual(contentOf(side ?? ''));
      }),
    );
  });

  test('takes each field from the side that changed it', () => {
    const ancestor = pointer({ digest: 'b3:00', size: 1 });
    const ours = pointer({ digest: 'b3:01', size: 2 });
    const theirs = pointer({ digest: 'b3:00', size: 1, remote: 'a' }, { desc: 'photos' });
    const merged = pointer({ digest: 'b3:01', size: 2, remote: 'a' }, { desc: 'photos' });
    expect(mergePointers({ ancestor, ours, theirs }, options)).toEqual({ text: merged, conflicts: [] });
  });

  test('shows the lines that both changed, and nothing else', () => {
    const [ancestor, ours, theirs] = ['b3:00', 'b3:01', 'b3:02'].map((digest) => pointer({ digest, size: 1 }));
    expect(mergePointers({ ancestor: ancestor!, ours: ours!, theirs: theirs! }, options)).toEqual({
      conflicts: ['outs.digest'],
      text: [
        'schema: pipe.pointer/1',
        'outs:',
        '  - path: data',
        '<<<<<<< ours',
        '    digest: b3:01',
        '=======',
        '    digest: b3:02',
        '>>>>>>> theirs',
        '    size: 1',
        '',
      ].join('\n'),
    });
  });

  test('asks for a merge of two folders, and shows a conflict when there is none', () => {
    const [ancestor, ours, theirs] = [1, 2, 3].map((files) => pointer({ digest: `b3:0${files}`, size: files, files }));
    const texts = { ancestor: ancestor!, ours: ours!, theirs: theirs! };
    const asked: FolderSides[] = [];
    const mergeTrees = (folders: FolderSides) => {
      asked.push(folders);
      const merged = new Map([...folders.ours.keys()].map((key) => [key, key === 'digest' ? 'b3:99' : 4n] as const));
      return { ours: merged, theirs: merged };
    };
    const merged = mergePointers(texts, { ...options, mergeTrees });
    expect(merged).toEqual({ text: pointer({ digest: 'b3:99', size: 4, files: 4 }), conflicts: [] });
    expect(asked.map(({ ancestor: before }) => before?.get('files'))).toEqual([1n]);
    expect(mergePointers(texts, { ...options, mergeTrees: () => undefined }).conflicts).toEqual(['outs.digest']);
    expect(mergePointers(texts, options).conflicts).toEqual(['outs.digest']);
  });

  test('keeps comments, quotes and the layout of lists', () => {
    const ancestor = '# from the lab\nouts:\n- path: "data" # raw\n  digest: b3:00\n  size: 1\n';
    const ours = ancestor.replace('b3:00', 'b3:01');
    const theirs = `${ancestor}# why\ndesc: 'x'\n`;
    expect(mergePointers({ ancestor, ours, theirs }, options).text).toBe(`${ours}# why\ndesc: 'x'\n`);
  });

  test.each([
    ['a: 1\na: 2\n', /PIPE_KEY_DUPLICATE/],
    ['a: [\n', /PIPE_YAML_SYNTAX/],
    ['- a\n', /PIPE_MERGE/],
    ['a: &x 1\nb: *x\n', /PIPE_MERGE/],
    [`a: ${'['.repeat(5000)}`, /PIPE_/],
    ['<<<<<<< ours\na: 1\n=======\na: 2\n>>>>>>> theirs\n', /PIPE_/],
  ])('refuses a side that is no map of plain fields: %j', (theirs, problem) => {
    expect(() => mergePointers({ ancestor: '', ours: pointer({ digest: 'b3:00', size: 1 }), theirs }, options)).toThrow(
      problem,
    );
  });
});

function contentOf(written: string): unknown {
  const value = parseData(written, 'yaml') as ReadonlyMap<string, readonly ReadonlyMap<string, unknown>[]>;
  const only = value.get('outs')?.[0];
  return ['digest', 'size', 'files'].map((key) => only?.get(key));
}
