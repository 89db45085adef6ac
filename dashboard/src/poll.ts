/**
 * Runs a task again and again: `pause` ms after its last end, sooner when asked, never two at once.
 * A run that is overtaken is aborted. The task says how many milliseconds to rest.
 */
export class Poller {
  #run: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly task: (signal: AbortSignal) => Promise<number>) {}

  /** Run in `delay` ms; whatever is running or planned gives way. */
  soon(delay: number): void {
    this.#run?.abort();
    this.#run = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#start(), delay);
  }

  /** Neither run nor plan until `soon` is called. */
  stop(): void {
    this.#run?.abort();
    this.#run = null;
    clearTimeout(this.#timer);
  }

  async #start(): Promise<void> {
    const run = new AbortController();
    this.#run = run;
    try {
      const rest = await this.task(run.signal);
      if (this.#run !== run) return;
      this.#run = null;
      this.soon(rest);
    } catch (error) {
      if (!run.signal.aborted) throw error;
    }
  }
}
