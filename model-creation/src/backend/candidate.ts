/** One way to run tensors. */
export interface BackendCandidate {
  readonly name: string;
  /** Loads and activates it. False, or an exception, when this machine cannot run it. */
  start(): Promise<boolean>;
}
