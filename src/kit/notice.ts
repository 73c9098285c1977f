let tell: ((text: string) => void) | undefined;

/** Says who is told what a command does while it waits; only one is. */
export function onNotice(listener: (text: string) => void): void {
  tell = listener;
}

/** Tells, in one line, why nothing happens for the moment. */
export function tellNotice(text: string): void {
  tell?.(text);
}
