/** Something wrong in a text: what, and where (UTF-16 offsets). */
export interface Fault {
  readonly message: string;
  readonly hint?: string;
  readonly start: number;
  readonly end: number;
  /** What it is about; a plain syntax fault when absent. */
  readonly about?: 'duplicate-key' | 'too-big';
  /** Another place that belongs to it. */
  readonly related?: { readonly message: string; readonly start: number; readonly end: number };
}
