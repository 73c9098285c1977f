interface Waiter {
  readonly holds: () => boolean;
  readonly what: string;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Promises that settle once a condition holds: checked whenever something has happened, never by the clock. */
export class Waiters {
  #waiting: Waiter[] = [];
  #end: string | undefined;

  /**
   * Waits until the condition holds.
   * @param what completes the sentence "waited for …"
   * @throws {Error} when nothing can happen any more
   */
  async wait(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    if (this.#end !== undefined) throw new Error(`waited for ${what}, but ${this.#end}`);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ holds, what, resolve, reject });
    });
  }

  /** Something has happened. */
  check(): void {
    const met = this.#waiting.filter((waiter) => waiter.holds());
    this.#waiting = this.#waiting.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) waiter.resolve();
  }

  /** Nothing more will happen: whoever still waits is told why. */
  end(reason: string): void {
    this.check();
    this.#end = reason;
    for (const { what, reject } of this.#waiting) reject(new Error(`waited for ${what}, but ${reason}`));
    this.#waiting = [];
  }
}
