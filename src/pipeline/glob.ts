/** Whether a path is a pattern: it holds one of `* ? [ {` without a backslash before it. */
export function isGlob(path: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[{]/.test(path);
}

/** A path that is no pattern, without the backslashes that kept it from being one. */
export function unescapeGlob(path: string): string {
  return path.replace(/\\([*?[\]{}])/g, '$1');
}

/** What is wrong with a pattern, in words; `undefined` when nothing is. */
export function checkGlob(pattern: string): string | undefined {
  let braces = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') {
      at++;
      if (at === pattern.length) return 'a backslash ends it';
    } else if (char === '[') {
      const close = endOfClass(pattern, at);
      if (close < 0) return '"]" is missing';
      at = close;
    } else if (char === '{') {
      braces++;
    } else if (char === '}' && braces-- === 0) {
      return '"{" is missing';
    }
  }
  return braces > 0 ? '"}" is missing' : undefined;
}

/** The index of the `]` that ends a class; one right after `[`, `[!` or `[^` stands for itself. */
function endOfClass(pattern: string, open: number): number {
  const first = /[!^]/.test(pattern[open + 1] ?? '') ? open + 2 : open + 1;
  for (let at = first; at < pattern.length && pattern[at] !== '/'; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']' && at > first) return at;
  }
  return -1;
}
