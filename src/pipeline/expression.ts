/** One `${…}` in a text. Offsets are into that text. */
export interface Template {
  /** What stands between the braces. */
  readonly inner: string;
  readonly start: number;
  readonly end: number;
}

/** Every `${…}` of a text that is not escaped by `\${`; it ends at the first `}` and on the same line. */
export function findTemplates(text: string): Template[] {
  const templates: Template[] = [];
  // The next `}` and line end are remembered, so that a text of nothing but `${` takes linear time.
  let close = -1;
  let line = -1;
  for (let open = text.indexOf('${'); open >= 0; open = text.indexOf('${', open)) {
    const inner = open + 2;
    if (close < inner) close = text.indexOf('}', inner);
    if (close < 0) break;
    if (line < inner) line = text.includes('\n', inner) ? text.indexOf('\n', inner) : text.length;
    if (text[open - 1] === '\\' || line < close) {
      open = inner;
      continue;
    }
    templates.push({ inner: text.slice(inner, close), start: open, end: close + 1 });
    open = close + 1;
  }
  return templates;
}

/** `\${` stands for `${`. */
export function unescapeTemplates(text: string): string {
  return text.replaceAll('\\${', '${');
}

/** The names of a path such as `train.layers[0].size`, or what is wrong with it. */
export type Expression = { readonly path: readonly string[] } | { readonly fault: string; readonly offset: number };

const NAME = /[^.[\]]*/y;

/**
 * Reads the inside of a `${…}`: a name, then any number of `.name` and `[name]`. A name is anything but dots and
 * brackets; spaces around it do not count.
 */
export function readExpression(inner: string): Expression {
  const path: string[] = [];
  let at = 0;
  let closing = false;
  for (;;) {
    NAME.lastIndex = at;
    const name = NAME.exec(inner)?.[0] ?? '';
    if (name === '') return { fault: 'a name is missing', offset: at };
    path.push(name.trim());
    at += name.length;
    if (closing) {
      if (inner[at] !== ']') return { fault: '"]" is missing', offset: at };
      at++;
      while (inner[at] === ' ') at++;
    }
    if (at === inner.length) return { path };
    closing = inner[at] === '[';
    if (!closing && inner[at] !== '.') return { fault: `"${inner[at] ?? ''}" is not expected here`, offset: at };
    at++;
  }
}
