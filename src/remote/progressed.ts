/** How far a transfer is. */
export interface Progressed {
  readonly objects: number;
  readonly bytes: number;
  readonly totalObjects: number;
  readonly totalBytes: number;
}
