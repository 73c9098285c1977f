/** When to stop. */
export interface EarlyStoppingOptions {
  /** Epochs without improvement that are borne before training stops. */
  readonly patience: number;
  /** How much smaller a loss must be to count as an improvement. */
  readonly minDelta: number;
}

/** Watches a validation loss. */
export interface EarlyStopping {
  /** Takes the next epoch's loss and says what it means. A loss that isn't a number never improves. */
  observe(loss: number): 'improved' | 'waiting' | 'stop';
}

/** Early stopping in the sense of Keras: the best loss counts, and `patience` epochs in a row without a better one end it. */
export function earlyStopping({ patience, minDelta }: EarlyStoppingOptions): EarlyStopping {
  let best = Infinity;
  let waited = 0;
  return {
    observe(loss) {
      if (loss < best - minDelta) {
        best = loss;
        waited = 0;
        return 'improved';
      }
      waited += 1;
      return waited >= patience ? 'stop' : 'waiting';
    },
  };
}
