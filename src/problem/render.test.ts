import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../kit/width.ts';
import type { Place, Problem } from './problem.ts';
import { problemLine, renderProblem, renderProblems } from './render.ts';

const plain = { color: false, columns: 80 };

function place(text: string, marked: string, file = 'pipeline.yaml'): Place {
  return { source: { file, text }, offset: text.indexOf(marked), length: marked.length };
}

function problem(at: Place | undefined, extra: Partial<Problem> = {}): Problem {
  return { code: 'PIPE_DEP_MISSING', message: 'something is wrong', ...(at ? { at } : {}), ...extra };
}

const PIPELINE = 'stages:\n  train:\n    cmd: node train.js\n    deps: [data/clean.csv]\n';

describe('a problem', () => {
  test('names its place, quotes the line, underlines the part and gives the hint', () => {
    const shown = renderProblem(
      problem(place(PIPELINE, 'data/clean.csv'), {
        message: '"train" needs data/clean.csv: no stage makes it and it is not on disk',
        hint: 'add it to the outs of a stage, or fetch it',
      }),
      plain,
    );
    expect(shown).toMatchInlineSnapshot(`
      "pipeline.yaml:4:12 PIPE_DEP_MISSING  "train" needs data/clean.csv: no stage makes it and it is not on disk
        4 |     deps: [data/clean.csv]
          |            ^^^^^^^^^^^^^^
        hint: add it to the outs of a stage, or fetch it"
    `);
  });

  test('shows the other places that belong to it', () => {
    const text = 'a: {outs: [x]}\nb: {outs: [x]}\n';
    const second = { source: { file: 'p.yaml', text }, offset: text.lastIndexOf('x'), length: 1 };
    const shown = renderProblem(
      problem(second, {
        related: [{ message: '"a" makes it here', at: place(text, 'x', 'p.yaml') }],
        hint: 'rename one',
      }),
      plain,
    );
    expect(shown).toMatchInlineSnapshot(`
      "p.yaml:2:12 PIPE_DEP_MISSING  something is wrong
        2 | b: {outs: [x]}
          |            ^
        p.yaml:1:12 "a" makes it here
        1 | a: {outs: [x]}
          |            ^
        hint: rename one"
    `);
  });

  test('without a place, or in a file that cannot be shown, is one line', () => {
    expect(renderProblem(problem(undefined), plain)).toBe('PIPE_DEP_MISSING  something is wrong');
    const at = { source: { file: 'data.bin' }, offset: 7, length: 2 };
    expect(renderProblem(problem(at), plain)).toBe('data.bin PIPE_DEP_MISSING  something is wrong');
  });

  test('in a list is one line without its code', () => {
    expect(problemLine(problem(place(PIPELINE, 'train'), { message: 'odd\nname' }))).toMatch(
      /^pipeline\.yaml:\d+:\d+ odd\S+name$/,
    );
    expect(problemLine(problem(undefined))).toBe('something is wrong');
  });

  test('past a hundred is counted', () => {
    const shown = renderProblems(Array<Problem>(103).fill(problem(undefined)), plain).split('\n');
    expect(shown).toHaveLength(101);
    expect(shown.at(-1)).toBe('… and 3 more problems');
  });

  test('has colour only when asked to', () => {
    const at = place(PIPELINE, 'train');
    expect(renderProblem(problem(at, { hint: 'h' }), plain)).not.toContain('\u001b');
    expect(renderProblem(problem(at), { color: true })).toContain('\u001b[31m^^^^^\u001b[39m');
  });
});

describe('the marks', () => {
  const lines = (at: Place, columns = 80): string[] =>
    renderProblem(problem(at), { color: false, columns }).split('\n').slice(1);

  test('stand below what they mark behind tabs and wide characters', () => {
    expect(lines(place('\tx: bad', 'bad'))).toEqual(['  1 |     x: bad', '    |        ^^^']);
    expect(lines(place('名前: 悪い値', '悪い'))).toEqual(['  1 | 名前: 悪い値', '    |       ^^^^']);
  });

  test('ignore the carriage return of a CRLF file', () => {
    expect(lines(place('a: 1\r\nb: two\r\n', 'two'))).toEqual(['  2 | b: two', '    |    ^^^']);
    expect(lines(place('a: 1\r\nb: 2', '1\r\n'))).toEqual(['  1 | a: 1', '    |    ^']);
  });

  test('end with the first line of a range of several', () => {
    expect(lines(place('a:\n  b: 1\n  c: 2\n', 'b: 1\n  c: 2'))).toEqual(['  2 |   b: 1', '    |   ^^^^']);
  });

  test('show a point, also at the end of the text and past it', () => {
    const source = { file: 'p', text: 'a: 1' };
    expect(lines({ source, offset: 4, length: 0 })).toEqual(['  1 | a: 1', '    |     ^']);
    expect(lines({ source, offset: 99, length: 5 })).toEqual(['  1 | a: 1', '    |     ^']);
    expect(lines({ source: { file: 'p', text: '' }, offset: 0, length: 0 })).toEqual(['  1 |', '    | ^']);
    expect(lines({ source: { file: 'p', text: '\nx' }, offset: 0, length: 0 })).toEqual(['  1 |', '    | ^']);
  });

  test('stay in view when a very long line is cut around them', () => {
    const text = `${'a'.repeat(500_000)}WRONG${'b'.repeat(500_000)}`;
    const [quoted = '', marks = ''] = lines(place(text, 'WRONG'), 60);
    expect(quoted).toBe('  1 | …aaaaaaaaaaaaaaaaaaaaaaaWRONGbbbbbbbbbbbbbbbbbbbbbbbb…');
    expect(quoted.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('WRONG');
    expect(displayWidth(quoted)).toBeLessThanOrEqual(60);
  });

  test('never leave the width nor throw, wherever the place is', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', ' ', '\t', '\n', '\r', '値', '🚀', '\u001b', 'é'),
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        fc.record({ text: texts, offset: fc.nat(250), length: fc.nat(250), columns: fc.integer({ min: 30, max: 90 }) }),
        ({ text, offset, length, columns }) => {
          const [quoted = '', marks = ''] = lines({ source: { file: 'p', text }, offset, length }, columns);
          expect(displayWidth(quoted)).toBeLessThanOrEqual(columns);
          expect(displayWidth(marks)).toBeLessThanOrEqual(columns + 1);
          expect(quoted + marks).not.toContain('\u001b');
        },
      ),
    );
  });
});

describe('what others wrote', () => {
  test('cannot steer the terminal', () => {
    const evil = 'x\u001b]0;owned\u0007\u001b[2J\u202e';
    const text = `name: ${evil}`;
    const shown = renderProblem(
      problem(
        { source: { file: `${evil}.yaml`, text }, offset: 6, length: 3 },
        { message: evil, hint: evil, related: [{ message: evil }] },
      ),
      plain,
    );
    // eslint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  test('cannot pass for a problem of its own by a line end', () => {
    expect(renderProblem(problem(undefined, { message: 'stage "a\nPIPE_OK  all is well"' }), plain)).toBe(
      'PIPE_DEP_MISSING  stage "a\n    PIPE_OK  all is well"',
    );
  });

  test('never shows the credentials of a URL, in messages, hints, names and quoted lines', () => {
    const text = 'url: https://me:hun@ter2@host/x?X-Amz-Signature=abc123&y=1 # end';
    const shown = renderProblem(
      problem(place(text, '# end', 's3://key:hun@ter2@bucket/p.yaml'), {
        message: 'cannot reach https://me:hun@ter2@host/x?sig=abc123',
        hint: 'try git+ssh://hun@ter2@host',
      }),
      plain,
    );
    expect(shown).not.toMatch(/hun|ter2|abc123/);
    expect(shown).toContain('https://***@host/x?sig=***');
    const [, quoted = '', marks = ''] = shown.split('\n');
    expect(quoted.indexOf('# end')).toBe(marks.indexOf('^'));
  });
});
