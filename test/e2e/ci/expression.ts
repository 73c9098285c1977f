/** What `${{ … }}` can ask for. */
export interface ExpressionContext {
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the job so far. */
  readonly status: 'success' | 'failure';
}

/** Puts the values of expressions into a text. */
export function interpolate(text: string, context: ExpressionContext): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(evaluate(expression, context)));
}

/** Whether a step runs: without a word on the status, only after success. */
export function isTrue(condition: string, context: ExpressionContext): boolean {
  const expression = /^\$\{\{(.*)\}\}$/.exec(condition.trim())?.[1] ?? condition;
  const saysStatus = /\b(?:success|failure|cancelled|always)\(\)/.test(expression);
  return (saysStatus || context.status === 'success') && Boolean(evaluate(expression, context));
}

/**
 * Evaluates as much of GitHub's expressions as the workflow has: `||`, `&&`, `==`, `!`, literals, status functions, and names
 * with dots. Whatever is not there is the empty string, as on GitHub.
 * @throws {Error} for anything else
 */
function evaluate(expression: string, context: ExpressionContext): unknown {
  const text = expression.trim();
  const [first = '', ...others] = text.split('||');
  if (others.length > 0) return evaluate(first, context) || evaluate(others.join('||'), context);
  const [left = '', ...right] = text.split('&&');
  if (right.length > 0) return evaluate(left, context) && evaluate(right.join('&&'), context);
  const [one = '', two, ...more] = text.split('==');
  if (more.length > 0) throw new Error(`not known here: ${text}`);
  if (two !== undefined) return evaluate(one, context) === evaluate(two, context);
  if (text.startsWith('!')) return !evaluate(text.slice(1), context);
  if (text === 'cancelled()') return false;
  if (text === 'success()' || text === 'failure()') return text === `${context.status}()`;
  const literal = /^'([^']*)'$/.exec(text)?.[1];
  if (literal !== undefined) return literal;
  if (!/^[a-z]+(?:\.\w+)+$/i.test(text)) throw new Error(`not known here: ${text}`);
  let value: unknown = context.values;
  for (const [at, name] of text.split('.').entries()) {
    const found = (value as Record<string, unknown> | undefined)?.[name];
    if (found === undefined && at === 0) throw new Error(`not known here: ${name}`);
    value = found;
  }
  return value ?? '';
}
