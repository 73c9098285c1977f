/** Gathers what is written and hands it on in few, large pieces. */
export interface Writer {
  write(text: string): void;
  /** Hands on what is gathered, now. */
  flush(): void;
  /** Hands on the rest and waits until the stream has taken it. */
  end(): Promise<void>;
}

/** A person sees no delay below this; a thousand stages cost some forty writes a second. */
const DELAY_MS = 25;
const LARGEST = 64 << 10;

/** Writing to a pipe or a file blocks in Node, so one write per line would hold up the stages. */
export function createWriter(stream: NodeJS.WritableStream): Writer {
  let pending: string[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending.length === 0) return;
    const text = pending.join('');
    pending = [];
    size = 0;
    stream.write(text);
  };
  return {
    write(text) {
      pending.push(text);
      size += text.length;
      if (size >= LARGEST) flush();
      else timer ??= setTimeout(flush, DELAY_MS);
    },
    flush,
    end() {
      flush();
      return drained(stream);
    },
  };
}

/** Waits until a stream has taken all that was written to it. An error is the business of who owns the stream. */
export function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
