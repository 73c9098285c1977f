/** Applies a function to every value of a layer's output, in place. */
export type Activation = (values: Float64Array) => void;

/** Constants of SELU: Klambauer et al. 2017, https://arxiv.org/abs/1706.02515 */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const functions = new Map<string, (x: number) => number>([
  ['elu', (x) => (x >= 0 ? x : Math.expm1(x))],
  // The exact form, x · Φ(x), as tfjs computes it; `gelu_new` is its tanh approximation.
  ['gelu', (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2))],
  ['gelu_new', (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ['linear', (x) => x],
  ['relu', (x) => (x > 0 ? x : 0)],
  ['selu', (x) => SELU_SCALE * (x >= 0 ? x : SELU_ALPHA * Math.expm1(x))],
  ['sigmoid', sigmoid],
  // max(x, 0) + log1p(e^−|x|): does not overflow for large x.
  ['softplus', (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
  ['swish', (x) => x * sigmoid(x)],
  ['tanh', Math.tanh],
]);

/** The names that a model file may use, sorted. */
export const activationNames: readonly string[] = [...functions.keys()];

/** The activation of a name, or `undefined` for one that this service does not know. */
export function activation(name: string): Activation | undefined {
  const apply = functions.get(name);
  if (!apply) return undefined;
  if (name === 'linear') return () => undefined;
  return (values) => {
    for (let i = 0; i < values.length; i += 1) values[i] = apply(values[i] ?? 0);
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Error function, Abramowitz and Stegun 7.1.26: off by at most 1.5e-7; tfjs uses the same one. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}
