/**
 * Hides what opens a door in the URLs of a text: user and password before the host, and query values that are named
 * like a secret. `mask` makes the text to show instead; the same length keeps offsets into a line valid.
 * Linear in the length of the text: no two matches of the first part can overlap, and the second is bounded.
 */
export function redactUrls(text: string, mask: (secret: string) => string = () => '***'): string {
  if (!text.includes('://')) return text;
  return text
    .replace(USER_INFO, (_, secret: string) => `://${mask(secret)}@`)
    .replace(QUERY_SECRET, (_, name: string, secret: string) => name + mask(secret));
}

const USER_INFO = /:\/\/([^\s/?#]+)@/g;
const QUERY_SECRET =
  /([?&][\w.-]{0,40}?(?:token|signature|secret|password|passwd|credential|api[-_]?key|sig)[\w.-]{0,20}=)([^\s&#"'`]+)/gi;
