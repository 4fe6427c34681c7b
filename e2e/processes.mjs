// What runs on this machine, read from /proc.
import { readFileSync, readdirSync } from 'node:fs';

/** @typedef {{ pid: number, parent: number, name: string, command: string, started: string, ticks: number, rss: number }} Process */

/** Gives every process that can be read. `ticks` is CPU time in 1/100 s, that of waited-for children included. */
export function processes() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => readProcess(Number(pid)) ?? []);
}

/** @returns {Process | null} null when it is gone, or only waits to be reaped. */
export function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid, parent: Number(fields[1]), name, command, started: fields[19], ticks, rss: Number(fields[21]) * 4096 };
  } catch {
    return null;
  }
}

/** Gives a process's children, their children, and so on. */
export function descendants(pid, all = processes()) {
  const children = all.filter((process) => process.parent === pid);
  return children.flatMap((child) => [child, ...descendants(child.pid, all)]);
}

/** Gives those of the processes that still run (a process id may have been used again by now). */
export const stillRunning = (list) => list.filter(({ pid, started }) => readProcess(pid)?.started === started);

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks again and again until the answer is truthy, and gives it. */
export async function until(what, seconds, ask) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(100);
  }
}
