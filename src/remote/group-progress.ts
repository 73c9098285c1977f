/**
 * Tells when groups of work are complete, one after another: a group is when all of its units are done, and those of all
 * groups before.
 */
export class GroupProgress {
  readonly #open: number[];
  readonly #left = new Map<number, number>();
  readonly #finish: (group: number) => Promise<void>;
  readonly #mayFinish: () => boolean;
  #finishing: Promise<void> = Promise.resolve();

  /**
   * @param finish called for each group in order; never twice at once
   * @param mayFinish whether a group may be finished before the end
   */
  constructor(groups: Iterable<number>, finish: (group: number) => Promise<void>, mayFinish: () => boolean) {
    this.#open = [...new Set(groups)].sort((a, b) => a - b);
    this.#finish = finish;
    this.#mayFinish = mayFinish;
  }

  /** Another unit of a group is to be done. All are told of before the first one is done. */
  expect(group: number): void {
    this.#left.set(group, (this.#left.get(group) ?? 0) + 1);
  }

  /** A unit of a group is done. */
  done(group: number): void {
    this.#left.set(group, (this.#left.get(group) ?? 0) - 1);
    this.finishReady();
  }

  /** Finishes what is complete. */
  finishReady(): void {
    while (this.#mayFinish() && (this.#left.get(this.#open[0] ?? -1) ?? 0) === 0 && this.#open.length > 0) {
      this.#finishNext();
    }
  }

  /** Finishes all groups that are left, and waits for it. */
  async end(): Promise<void> {
    while (this.#open.length > 0) this.#finishNext();
    await this.#finishing;
  }

  /** Finishes none any more, and waits for the one that is being finished. */
  async abandon(): Promise<void> {
    this.#open.length = 0;
    await this.#finishing.catch(() => undefined);
  }

  #finishNext(): void {
    const group = this.#open.shift();
    if (group === undefined) return;
    this.#finishing = this.#finishing.then(() => this.#finish(group));
    // It is told at the end.
    this.#finishing.catch(() => undefined);
  }
}
