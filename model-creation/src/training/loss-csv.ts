import { csvText, significant } from '../table.ts';
import type { EpochLoss } from './fit-autoencoder.ts';

/** `epoch,loss,validation`, one line per epoch. */
export function lossCsv(epochs: readonly EpochLoss[]): string {
  const lines = epochs.map(({ epoch, loss, validation }) => [epoch, significant(loss), significant(validation)]);
  return csvText(['epoch', 'loss', 'validation'], lines);
}
