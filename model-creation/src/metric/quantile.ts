import { ModelError } from '../model-error.ts';

/**
 * The quantile `q` (0 to 1), interpolated between the two nearest values: type 7 of Hyndman & Fan (1996), the default
 * of NumPy. Throws `ModelError` for no values or `q` outside [0, 1].
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (values.length === 0 || !(q >= 0 && q <= 1))
    throw new ModelError('a quantile needs values and a share from 0 to 1');
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}
