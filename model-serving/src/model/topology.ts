import { activation, activationNames } from './activation.ts';
import type { Field } from './field.ts';
import { transpose } from './multiply.ts';
import type { Layer } from './network.ts';
import type { Weight } from './weights.ts';

const MOST_LAYERS = 200;
const WIDEST_LAYER = 65_536;

/** Layers that only do something while training. */
const TRAINING_ONLY = new Set(['AlphaDropout', 'Dropout', 'GaussianDropout', 'GaussianNoise']);
const KNOWN = ['Activation', 'BatchNormalization', 'Dense', 'InputLayer', ...TRAINING_ONLY].sort();

interface Walk {
  /** Values per window that reach the layer. */
  size: number;
  readonly layers: Layer[];
  /** What no layer has taken yet. */
  readonly weights: Map<string, Weight>;
}

/**
 * Turns the `modelTopology` of a tfjs layers model (a Sequential, as `model.save` writes it) and its weights into
 * layers whose shapes fit each other. Problems go into the field's list.
 * @param inputs values per window that the model has to take.
 */
export function readTopology(topology: Field, weights: ReadonlyMap<string, Weight>, inputs: number): Layer[] {
  topology.at('class_name').oneOf(['Sequential']);
  const walk: Walk = { size: inputs, layers: [], weights: new Map(weights) };
  const fields = topology.at('config').at('layers').list({ min: 1, max: MOST_LAYERS });
  for (const field of fields) {
    const before = field.problems.length;
    readLayer(field, walk);
    // After a wrong layer the sizes of all that follow would be wrong as well.
    if (field.problems.length > before) return walk.layers;
  }
  for (const name of walk.weights.keys()) topology.report(`has no layer for the weight "${name}"`);
  return walk.layers;
}

function readLayer(field: Field, walk: Walk): void {
  const type = field.at('class_name').text();
  const config = field.at('config');
  const shape = config.at('batch_input_shape');
  if (shape.exists) checkInputShape(shape, walk.size);

  if (type === 'Dense') readDense(config, walk);
  else if (type === 'BatchNormalization') readBatchNormalization(config, walk);
  else if (type === 'Activation') readActivation(config.at('activation'), walk);
  else if (type !== 'InputLayer' && !TRAINING_ONLY.has(type)) {
    field.report(`is of type "${type}"; this service runs ${KNOWN.join(', ')}`);
  }
}

/** `[null, size]`: any number of windows, flattened. */
function checkInputShape(field: Field, size: number): void {
  const [, width] = field.list({ min: 2, max: 2 });
  const found = width?.number({ integer: true, min: 1 });
  if (found !== undefined && found !== size) {
    field.report(`says ${String(found)} values, it gets ${String(size)} (a window of all features)`);
  }
}

function readDense(config: Field, walk: Walk): void {
  const units = config.at('units').number({ integer: true, min: 1, max: WIDEST_LAYER });
  const take = weightsOf(config, walk);
  const kernel = take('kernel', [walk.size, units]);
  const bias = config.at('use_bias').flag() ? take('bias', [units]) : undefined;
  if (kernel) walk.layers.push({ kind: 'dense', rows: transpose(kernel, units), bias, outputs: units });
  walk.size = units;
  readActivation(config.at('activation'), walk);
}

/** gamma · (x − mean) / √(variance + ε) + beta, folded into x · scale + shift. */
function readBatchNormalization(config: Field, walk: Walk): void {
  const { size } = walk;
  const axis = config.at('axis').number({ integer: true });
  if (axis !== -1 && axis !== 1) config.at('axis').report('must be the last one (-1 or 1)');
  const epsilon = config.at('epsilon').number({ min: 0 });
  const take = weightsOf(config, walk);
  const gamma = config.at('scale').flag() ? take('gamma', [size]) : undefined;
  const beta = config.at('center').flag() ? take('beta', [size]) : undefined;
  const mean = take('moving_mean', [size]);
  const variance = take('moving_variance', [size]);
  if (!mean || !variance) return;
  if (!variance.every((each) => each + epsilon > 0)) config.report('has a variance that is not positive');

  const scale = Float64Array.from(variance, (each, i) => (gamma?.[i] ?? 1) / Math.sqrt(each + epsilon));
  const shift = Float64Array.from(mean, (each, i) => (beta?.[i] ?? 0) - each * (scale[i] ?? 0));
  walk.layers.push({ kind: 'affine', scale, shift });
}

function readActivation(field: Field, walk: Walk): void {
  const name = field.text();
  if (name === '' || name === 'linear') return;
  const apply = activation(name);
  if (apply) walk.layers.push({ kind: 'activation', apply });
  else field.report(`is "${name}"; this service runs ${activationNames.join(', ')}`);
}

/** Takes the weights of a layer by role, `<layer>/<role>`; one that is missing or of another shape is reported. */
function weightsOf(config: Field, walk: Walk) {
  const layer = config.at('name').text();
  return (role: string, shape: readonly number[]): Float32Array | undefined => {
    const name = `${layer}/${role}`;
    const weight = walk.weights.get(name);
    walk.weights.delete(name);
    if (weight?.shape.join() === shape.join()) return weight.values;
    if (weight) {
      config.report(`needs "${name}" of shape [${shape.join(', ')}], it is [${weight.shape.join(', ')}]`);
    } else {
      config.report(`has no weight "${name}"`);
    }
    return undefined;
  };
}
