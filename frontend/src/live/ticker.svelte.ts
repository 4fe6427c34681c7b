import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 5_000;

/** The time, for screens that say how long something has been so. Ticks only while somebody looks. */
export class Ticker {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, TICK_MS);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}
