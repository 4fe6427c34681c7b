/** How long a message stays when nobody is at it. */
const STAYS_MS = 15_000;

export interface Notice {
  text: string;
  /** Takes back what it tells of. */
  undo?: () => Promise<void>;
}

/** The message at the foot of the page: what was just done, and the way back. One at a time, the newest. */
export class Notices {
  current: Notice | null = $state.raw(null);
  problem: unknown = $state.raw(null);
  isUndoing = $state(false);

  #timer: ReturnType<typeof setTimeout> | undefined;

  show(notice: Notice): void {
    this.current = notice;
    this.problem = null;
    this.isUndoing = false;
    this.resume();
  }

  async undo(): Promise<void> {
    const { current } = this;
    if (current?.undo === undefined || this.isUndoing) return;
    this.hold();
    this.isUndoing = true;
    try {
      await current.undo();
      if (this.current === current) this.close();
    } catch (error) {
      if (this.current === current) this.problem = error;
    } finally {
      this.isUndoing = false;
    }
  }

  /** Somebody is at it: it stays. */
  hold(): void {
    clearTimeout(this.#timer);
  }

  resume(): void {
    this.hold();
    this.#timer = setTimeout(() => this.close(), STAYS_MS);
  }

  close(): void {
    this.hold();
    this.current = null;
    this.problem = null;
  }
}
