import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { byCodeUnit } from '../kit/order.ts';
import { PROBLEM_CODES } from './code.ts';

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).slice(1);
const documented = sections.map((section) => section.slice(0, section.indexOf('\n')));

test('docs/errors.md explains every problem code, and no other', () => {
  expect(documented).toEqual(Object.keys(PROBLEM_CODES));
});

test('the codes are sorted', () => {
  const codes = Object.keys(PROBLEM_CODES);
  expect(codes).toEqual([...codes].sort(byCodeUnit));
});

test('each section has the meaning, a cause and what to do', () => {
  for (const section of sections)
    expect(section).toMatch(/^PIPE_\w+\n\n[A-Z$].*\.\n\n- \*\*Cause:\*\* .+\n- \*\*Do:\*\* .+/);
});
