import { expect, test } from 'vitest';
import { renderFitting, renderMarkdownTable, renderTable } from './table.ts';

const table = {
  header: ['Path', 'Metric', 'Change'],
  rows: [
    ['データ.json', 'auc', '+0.1'],
    ['a.json', 'long.metric.name', ''],
  ],
};

test('columns line up by display width', () => {
  expect(renderTable(table)).toMatchInlineSnapshot(`
    "Path         Metric            Change
    データ.json  auc               +0.1
    a.json       long.metric.name"
  `);
});

test('a table without header is rows alone', () => {
  expect(
    renderTable({
      header: [],
      rows: [
        ['a', 'b'],
        ['ccc', 'd'],
      ],
    }),
  ).toBe('a    b\nccc  d');
});

test('a Markdown table has a rule and escaped cells', () => {
  expect(
    renderMarkdownTable({
      header: ['a', 'b'],
      rows: [
        ['x|y', 'train_loss'],
        ['_em_', '`<b>`'],
      ],
    }),
  ).toMatchInlineSnapshot(`
      "| a      | b          |
      |--------|------------|
      | x\\|y   | train_loss |
      | \\_em\\_ | \\\`\\<b\\>\\\`  |"
    `);
});

test('a newline in a cell cannot break the table', () => {
  expect(renderTable({ header: [], rows: [['a\nb']] })).toBe('a\\nb');
  expect(renderMarkdownTable({ header: ['h'], rows: [['a\nb']] }).split('\n')).toHaveLength(3);
});

test('a table that is too wide is shown with rows and columns exchanged', () => {
  const table = { header: ['Path', 'accuracy', 'loss'], rows: [['m.json', '0.5', '2']] };
  expect(renderFitting(table, 30)).toBe('Path    accuracy  loss\nm.json  0.5       2');
  expect(renderFitting(table, 20)).toBe('Path      m.json\naccuracy  0.5\nloss      2');
});
