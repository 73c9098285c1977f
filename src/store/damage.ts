import type { Digest } from '../kit/digest.ts';
import { systemFault } from '../kit/system-fault.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf } from './layout.ts';
import { copyAside, moveAside } from './quarantine.ts';

/** Told of an object that holds wrong bytes, and where they were moved; `undefined` of those that stay where they are. */
export type OnDamage = (digest: Digest, movedTo: string | undefined) => void;

/** What is done with objects that are found to be wrong: they go aside where that can be, and are told of once. */
export class Damage {
  readonly #layout: StoreLayout;
  readonly #onDamage: OnDamage;
  /** Those that lie where they were. */
  readonly #told = new Set<Digest>();

  constructor(layout: StoreLayout, onDamage: OnDamage) {
    this.#layout = layout;
    this.#onDamage = onDamage;
  }

  /** Tells of an object that stays where it is. */
  tell(digest: Digest): void {
    if (!this.#told.has(digest)) this.#onDamage(digest, undefined);
    this.#told.add(digest);
  }

  /** Keeps the bytes of an object that cannot be moved, and tells of it once `done` has put it out of reach. */
  keepCopy(digest: Digest, bytes: Buffer, done: () => void): void {
    const movedTo = copyAside(this.#layout, hexOf(digest), bytes);
    done();
    this.#onDamage(digest, movedTo);
  }

  /** Moves a file of the store aside, unless `isRight` finds that somebody has put it right meanwhile. */
  moveAside(digest: Digest, path: string, isRight: (file: string) => boolean): void {
    try {
      const moved = moveAside(this.#layout, { path, name: hexOf(digest) }, isRight);
      if (typeof moved !== 'string') this.#onDamage(digest, moved.movedTo);
    } catch (error) {
      // A store that is only read from must not keep anybody from reading.
      if (systemFault(error) === undefined) throw error;
      this.tell(digest);
    }
  }
}
