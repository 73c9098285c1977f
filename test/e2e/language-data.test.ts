import { beforeAll, expect, test } from 'vitest';
import { parseData } from '../../src/kit/format/data.ts';
import { askDvc } from './language/ask-dvc.ts';
import { READABLE, UNREADABLE, type DataText } from './language/texts.ts';
import { typed } from './language/typed.ts';

const answers = new Map<DataText, unknown>();

beforeAll(() => {
  const texts = [...READABLE, ...UNREADABLE];
  const { texts: replies } = askDvc({ texts });
  for (const [index, text] of texts.entries()) answers.set(text, replies[index]);
}, 120_000);

test.each(READABLE)('$format text means what it means to DVC: $text', (each) => {
  expect(plain(typed(parseData(each.text, each.format)))).toEqual(plain(answers.get(each)));
});

test.each(UNREADABLE)('$format text is refused by both: $text', (each) => {
  expect(answers.get(each)).toHaveProperty('error');
  expect(() => parseData(each.text, each.format)).toThrow();
});

/** Dates are texts to us, sets are lists. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('date' in value) return value.date;
  if ('set' in value) return (value.set as string[]).map((item) => JSON.parse(item) as unknown);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
