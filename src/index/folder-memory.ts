import type { Digest } from '../kit/digest.ts';
import type { Section } from './section.ts';

/** Walks over what is remembered of a folder, in the order of names. */
export class FolderMemory {
  readonly sections: readonly Section[];
  #at = 0;
  #row = 0;

  constructor(sections: readonly Section[]) {
    this.sections = sections;
  }

  /** Its sections by the digests of their trees. */
  leaves(): Map<Digest, Section> {
    return new Map(this.sections.flatMap((each) => (each.leaf === undefined ? [] : [[each.leaf.digest, each]])));
  }

  get section(): Section | undefined {
    return this.sections[this.#at];
  }

  get row(): number {
    return this.#row;
  }

  get name(): string | undefined {
    return this.section?.names[this.#row];
  }

  next(): void {
    this.#row += 1;
    if (this.#row < (this.section?.names.length ?? 0)) return;
    this.#at += 1;
    this.#row = 0;
  }

  /** Goes on to a name, which comes after the one before; whether it is remembered. */
  seek(name: string): boolean {
    for (; this.#at < this.sections.length; this.#at += 1, this.#row = 0) {
      const { names } = this.sections[this.#at] as Section;
      while (this.#row < names.length && (names[this.#row] as string) < name) this.#row += 1;
      if (this.#row < names.length) return names[this.#row] === name;
    }
    return false;
  }
}
