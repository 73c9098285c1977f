import type { Activation } from './activation.ts';
import { multiply } from './multiply.ts';

/** One step of a forward pass. Every array is row-major; `inputs` and `outputs` count values per window. */
export type Layer =
  /** [inputs] → [outputs]: rows · x + bias; rows [outputs, inputs] (a kernel transposed), bias [outputs]. */
  | {
      readonly kind: 'dense';
      readonly rows: Float64Array;
      readonly bias: Float32Array | undefined;
      readonly outputs: number;
    }
  /** [n] → [n]: x · scale + shift; what batch normalization comes down to when its moments are fixed. */
  | { readonly kind: 'affine'; readonly scale: Float64Array; readonly shift: Float64Array }
  /** [n] → [n] */
  | { readonly kind: 'activation'; readonly apply: Activation };

/** A feed-forward network, ready to run. */
export interface Network {
  readonly inputs: number;
  readonly outputs: number;
  /** Multiplications of one forward pass, to bound the time that a request may take. */
  readonly cost: number;
  /** [inputs] → [outputs]. The result is a buffer that the next call overwrites; the input is left alone. */
  forward(input: Float64Array): Float64Array;
}

/**
 * Puts layers whose shapes were checked into a network with its own buffers, so that a pass allocates nothing.
 * Sums run in float64, which is at least as exact as the float32 of the training backend.
 */
export function buildNetwork(inputs: number, layers: readonly Layer[]): Network {
  const steps: { layer: Layer; output: Float64Array }[] = [];
  let size = inputs;
  let cost = 0;
  for (const layer of layers) {
    if (layer.kind === 'dense') {
      cost += size * layer.outputs;
      size = layer.outputs;
    } else {
      cost += size;
    }
    steps.push({ layer, output: new Float64Array(size) });
  }

  return {
    inputs,
    outputs: size,
    cost,
    forward(input) {
      let values = input;
      for (const { layer, output } of steps) {
        runLayer(layer, values, output);
        values = output;
      }
      return values;
    },
  };
}

function runLayer(layer: Layer, input: Float64Array, output: Float64Array): void {
  switch (layer.kind) {
    case 'dense':
      multiply(layer.rows, input, output);
      if (layer.bias) add(layer.bias, output);
      return;
    case 'affine':
      for (let j = 0; j < output.length; j += 1) {
        output[j] = (input[j] ?? 0) * (layer.scale[j] ?? 0) + (layer.shift[j] ?? 0);
      }
      return;
    case 'activation':
      output.set(input);
      layer.apply(output);
  }
}

function add(bias: Float32Array, output: Float64Array): void {
  for (let j = 0; j < output.length; j += 1) output[j] = (output[j] ?? 0) + (bias[j] ?? 0);
}
