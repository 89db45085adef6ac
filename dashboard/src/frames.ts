/** Draws again and again, never a frame before the last one is done, and sooner when woken. */
export class Frames {
  #wake: () => void = () => undefined;

  constructor(
    private readonly draw: () => Promise<void>,
    /** Milliseconds until the next frame shows anything new. */
    private readonly interval: () => number,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      if (!document.hidden) await this.draw();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, this.interval());
      });
    }
  }

  wake(): void {
    this.#wake();
  }
}
