/** What a JSON text holds; `undefined` when it is none: cut off by a crash, say, or written by somebody else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
