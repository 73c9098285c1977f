/**
 * A server as one text, whatever else its address says: `https://host:port`.
 * @param endpoint as `endpointurl` holds it, perhaps without a scheme
 */
export function endpointOrigin(endpoint: string, useSsl: boolean): string | undefined {
  const text = endpoint.includes('://') ? endpoint : `${useSsl ? 'https' : 'http'}://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}

/** Whether a server is Amazon S3 itself; other names of amazonaws.com may be machines of anybody. */
export function isAmazon(origin: string): boolean {
  return /^https:\/\/s3(?:\.dualstack)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/.test(origin);
}
