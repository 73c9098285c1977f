import { canonical } from '../../kit/canonical.ts';
import { nearest } from '../../kit/nearest.ts';
import { isList, isMap, type Value } from '../../kit/value.ts';
import { select, valueOf, type Scope, type Var } from '../scope.ts';
import type { Comparison, Expr } from './parse.ts';
import { parseWhen } from './parse.ts';
import { WhenError } from './token.ts';

/** What a condition can see. */
export interface WhenContext {
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onUse?: (variable: Var) => void;
}

/**
 * Whether a condition holds. Nothing is taken for true or false but truth values: a text must be compared.
 * @throws {WhenError}
 */
export function evaluateWhen(source: string, context: WhenContext): boolean {
  return truth(parseWhen(source), context);
}

function truth(expr: Expr, context: WhenContext): boolean {
  const value = evaluate(expr, context);
  if (typeof value === 'boolean') return value;
  const shown = canonical(value);
  throw new WhenError(
    `${kindOf(value)} is neither true nor false`,
    expr,
    `compare it, such as … == ${shown.length > 30 ? '…' : shown}`,
  );
}

function evaluate(expr: Expr, context: WhenContext): Value {
  switch (expr.kind) {
    case 'value':
      return expr.value;
    case 'list':
      return expr.items.map((item) => evaluate(item, context));
    case 'env':
      return Object.hasOwn(context.env, expr.name) ? (context.env[expr.name] ?? null) : null;
    case 'path':
      return lookUp(expr, context);
    case 'not':
      return !truth(expr.inner, context);
    case 'logic': {
      // Both sides are always evaluated, so that a slip in either is found at once.
      const left = truth(expr.left, context);
      const right = truth(expr.right, context);
      return expr.operator === 'and' ? left && right : left || right;
    }
    case 'compare':
      return compare(expr, evaluate(expr.left, context), evaluate(expr.right, context));
  }
}

function lookUp(expr: Extract<Expr, { kind: 'path' }>, { scope, onUse }: WhenContext): Value {
  const selection = select(scope, expr.path);
  if ('found' in selection) {
    onUse?.(selection.found);
    return valueOf(selection.found);
  }
  const { missing, names, below } = selection;
  const close = nearest(missing, names);
  const where = below.length === 0 ? 'no variable is' : `${below.join('.')} holds nothing`;
  const hint =
    close === undefined
      ? 'env.NAME reads the environment; texts stand in quotes'
      : `did you mean ${[...below, close].join('.')}?`;
  throw new WhenError(`${where} called "${missing}"`, expr, hint);
}

function compare(expr: Extract<Expr, { kind: 'compare' }>, left: Value, right: Value): boolean {
  const { operator } = expr;
  if (operator === '==' || operator === '!=') return same(left, right) === (operator === '==');
  if (operator === 'in' || operator === 'not in') return contains(expr, right, left) === (operator === 'in');
  const order = orderOf(left, right);
  if (order === undefined) {
    throw new WhenError(`${kindOf(left)} and ${kindOf(right)} have no order`, expr, 'compare two numbers or two texts');
  }
  return holds(operator, order);
}

function holds(operator: Exclude<Comparison, '==' | '!=' | 'in' | 'not in'>, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Numbers by size, whatever their kind; everything else by kind and content. */
function same(left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) return left == right; // eslint-disable-line eqeqeq -- 2 equals 2.0
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, index) => same(item, right[index] ?? null));
  }
  return canonical(left) === canonical(right);
}

/** NaN has no order: every comparison with it is false. */
function orderOf(left: Value, right: Value): number | undefined {
  if (isNumber(left) && isNumber(right)) return left < right ? -1 : left > right ? 1 : left == right ? 0 : NaN; // eslint-disable-line eqeqeq -- 2 equals 2.0
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  return undefined;
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function contains(expr: Expr, container: Value, item: Value): boolean {
  if (isList(container)) return container.some((each) => same(each, item));
  if (isMap(container) && typeof item === 'string') return container.has(item);
  if (typeof container === 'string' && typeof item === 'string') return container.includes(item);
  throw new WhenError(
    `${kindOf(item)} cannot be looked for in ${kindOf(container)}`,
    expr,
    'in takes a list, a map or a text on its right',
  );
}

function kindOf(value: Value): string {
  if (value === null) return 'nothing (null)';
  if (isList(value)) return 'a list';
  if (isMap(value)) return 'a map';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'a truth value' : 'a number';
}
