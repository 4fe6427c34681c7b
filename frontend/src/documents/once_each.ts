/** Does a thing for each document once at a time; who asks meanwhile gets a later answer than that one. */
export class OnceEach {
  #running = new Map<string, { first: Promise<void>; again: Promise<void> | null }>();

  run(id: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.again ??= running.first.catch(() => undefined).then(() => this.run(id, work));
      return running.again;
    }
    const first = work().finally(() => this.#running.delete(id));
    this.#running.set(id, { first, again: null });
    return first;
  }

  clear(): void {
    this.#running.clear();
  }
}
