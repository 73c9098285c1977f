import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('without options the service is for this machine only', () => {
  expect(readOptions([])).toEqual({ host: '127.0.0.1', port: 9090, model: undefined, logLevel: 'warn', help: false });
});

test('options are read in both spellings', () => {
  expect(readOptions(['--port=0', '--host', '::1', '--model', 'm', '--log-level', 'info'])).toMatchObject({
    host: '::1',
    port: 0,
    model: 'm',
    logLevel: 'info',
  });
});

test.each([
  [['--port', '65536']],
  [['--port', '-1']],
  [['--port', '1e3']],
  [['--port', '']],
  [['--port']],
  [['--host', '']],
  [['--model=']],
  [['--log-level', 'loud']],
  [['--prot', '1']],
  [['9090']],
])('%j is refused', (args) => {
  expect(() => readOptions(args)).toThrow(/^SERVE_OPTION_INVALID/);
});
