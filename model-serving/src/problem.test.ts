import { expect, test } from 'vitest';
import { renderProblem } from './problem.ts';

test('a problem is one line with its hint below, and nothing in it steers the terminal', () => {
  const problem = { code: 'SERVE_MODEL_INVALID', message: 'bad \u001b[2J\nname', hint: 'publish it again' } as const;
  expect(renderProblem(problem)).toBe('SERVE_MODEL_INVALID  bad \uFFFD[2J\uFFFDname\n  hint: publish it again');
});
