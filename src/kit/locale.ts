/**
 * Whether the locale's character set holds more than ASCII, by the variables of POSIX (LC_ALL before LC_CTYPE before
 * LANG). Where none is set, as in most containers, terminals are taken to read UTF-8.
 */
export function isUnicodeLocale(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((each) => each !== undefined && each !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
