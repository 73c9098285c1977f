import type * as Yaml from 'yaml';
import { MAX_DEPTH } from '../json.ts';
import type { Fault } from './fault.ts';

const NOT_CONTENT = /^(?:[ \t\r\n]|#|\u0002|\u0018|\u001f|---|\.\.\.|\uFEFF)/; // eslint-disable-line no-control-regex -- the lexer's own marks

/**
 * Finds nesting beyond {@link MAX_DEPTH} in a stream of tokens, without building anything. The composer of `yaml`
 * recurses, and a text of a few thousand `- - - -` takes the whole process down with it.
 */
export function findTooDeep(yaml: typeof Yaml, text: string): Fault | undefined {
  const columns: number[] = [];
  let flow = 0;
  let offset = 0;
  let lineStart = 0;
  let fresh = true; // only indicators so far on this line
  for (const token of new yaml.Lexer().lex(text)) {
    const isMark = token.length === 1 && NOT_CONTENT.test(token) && token < '\u0020' && !/[\t\r\n]/.test(token);
    if (!isMark) {
      if (token === '[' || token === '{') flow++;
      else if ((token === ']' || token === '}') && flow > 0) flow--;
      if (fresh && flow === 0 && !NOT_CONTENT.test(token)) {
        const column = offset - lineStart;
        while ((columns.at(-1) ?? -1) > column) columns.pop();
        if (columns.at(-1) !== column) columns.push(column);
        fresh = token === '-' || token === '?' || token === ':';
      }
      if (columns.length + flow > MAX_DEPTH) {
        return {
          message: `lists and maps nest deeper than ${String(MAX_DEPTH)} levels`,
          start: offset,
          end: offset + 1,
        };
      }
      const lastBreak = token.lastIndexOf('\n');
      if (lastBreak >= 0) {
        lineStart = offset + lastBreak + 1;
        fresh = true;
      }
      offset += token.length;
    }
  }
  return undefined;
}
