import type { Field } from './field.ts';

const MOST_WEIGHTS = 1_000;
const MOST_VALUES = 16_777_216;
const BYTES = 4;

/** One named array of numbers of a model, row-major. */
export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Cuts weights.bin into the arrays that the `weightsManifest` of model.json lists: float32, little endian, in order.
 * Problems (a size that does not match, a value that is not finite) go into the field's list.
 */
export function readWeights(manifest: Field, bytes: Uint8Array): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  for (const group of manifest.list({ min: 1, max: 1 })) {
    for (const path of group.at('paths').list({ min: 1, max: 1 })) path.oneOf(['weights.bin', './weights.bin']);
    for (const spec of group.at('weights').list({ min: 1, max: MOST_WEIGHTS })) {
      const name = spec.at('name').text();
      const shape = spec.at('shape').numbers({ min: 1, max: 4 }, { integer: true, min: 1, max: MOST_VALUES });
      spec.at('dtype').oneOf(['float32']);
      if (spec.at('quantization').exists) spec.report('is quantized, which this service does not read');
      if (weights.has(name)) spec.report('has the name of another weight');

      const size = shape.reduce((product, dimension) => product * dimension, 1);
      if (offset + size * BYTES > bytes.byteLength) {
        spec.report('reaches past the end of weights.bin');
        return weights;
      }
      weights.set(name, { shape, values: readFloats(view, offset, size) });
      if (!weights.get(name)?.values.every(Number.isFinite)) spec.report('holds a value that is not a finite number');
      offset += size * BYTES;
    }
  }
  if (offset < bytes.byteLength)
    manifest.report(`leaves ${String(bytes.byteLength - offset)} bytes of weights.bin over`);
  return weights;
}

/** A DataView, because the format is little endian on every machine and the offset need not be aligned. */
function readFloats(view: DataView, offset: number, size: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 1) values[i] = view.getFloat32(offset + i * BYTES, true);
  return values;
}
