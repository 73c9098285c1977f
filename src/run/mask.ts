/** Shorter values would blot out half the log and protect nothing. */
const SHORTEST = 4;

/**
 * Replaces the values of secrets in a text by `***`, the longest first, so that none shows through another. Texts come
 * line by line, so each line of a value (of a private key, say) is a secret of its own.
 */
export function maskSecrets(values: readonly string[]): (text: string) => string {
  const secrets = values
    .flatMap((value) => [value, ...value.split(/\r\n|\r|\n/)])
    .filter((value) => value.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  if (secrets.length === 0) return (text) => text;
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}
