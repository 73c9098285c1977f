import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { VERSION } from './version.ts';

test('the sources know the version that package.json names', () => {
  expect(VERSION).toBe(manifest.version);
});
