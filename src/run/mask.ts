/** Shorter values would blot out half the log and protect nothing. */
const SHORTEST = 4;

/** Replaces the values of secrets in a text by `***`, the longest first, so that none shows through another. */
export function maskSecrets(values: readonly string[]): (text: string) => string {
  const secrets = values.filter((value) => value.length >= SHORTEST).sort((a, b) => b.length - a.length);
  if (secrets.length === 0) return (text) => text;
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}
