import { expect, test } from 'vitest';
import { isUnicodeLocale } from './locale.ts';

test('LC_ALL wins over LC_CTYPE and LANG, and no locale at all is taken for UTF-8', () => {
  expect(isUnicodeLocale({ LANG: 'en_US.UTF-8' })).toBe(true);
  expect(isUnicodeLocale({ LANG: 'de_DE.utf8', LC_ALL: 'C' })).toBe(false);
  expect(isUnicodeLocale({ LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' })).toBe(true);
  expect(isUnicodeLocale({ LANG: 'en_US.ISO-8859-1' })).toBe(false);
  expect(isUnicodeLocale({})).toBe(true);
});
