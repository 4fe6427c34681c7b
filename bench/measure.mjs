// How long something takes, how much CPU time all its processes use, and how much memory they hold at most.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { basename } from 'node:path';

import { Client } from '../e2e/client.mjs';
import { descendants, readProcess } from '../e2e/processes.mjs';
import { Stack } from '../e2e/stack.mjs';

const TICKS_PER_SECOND = 100;

/** Measures a command from its start to its end. */
export async function measureCommand(command) {
  // The shell's `times` counts every descendant that was waited for.
  const begin = performance.now();
  const shell = spawn('bash', ['-c', '"$@"; code=$?; times >&3; exit $code', 'bash', ...command], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  let times = '';
  shell.stdio[3].on('data', (data) => (times += data));
  const peak = watchPeak(shell.pid);
  const [code] = await once(shell, 'close');
  const seconds = (performance.now() - begin) / 1000;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  const cpu = [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { seconds, cpu, peak: peak.stop() };
}

/** Measures the platform on a fresh folder: log in, upload, wait for the end, download the searchable PDF. */
export async function measurePlatform(scan, out, workers) {
  const stack = await Stack.start({ workers });
  let client;
  try {
    const bytes = readFileSync(scan);
    const before = cpuSeconds(stack.process.pid);
    const peak = watchPeak(stack.process.pid);
    const begin = performance.now();
    client = await Client.logIn(stack);
    // Asking whether it is done must not be what is measured.
    client.agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const { id } = await client.add(basename(scan), bytes);
    const { task } = await client.ended(id, 900);
    if (task.state !== 'done') throw new Error(`the document ended as ${JSON.stringify(task)}`);
    const pdf = await client.get(`/documents/${id}/searchable.pdf`);
    const seconds = (performance.now() - begin) / 1000;
    const result = { seconds, cpu: cpuSeconds(stack.process.pid) - before, peak: peak.stop() };
    writeFileSync(out, pdf.body);
    return result;
  } finally {
    client?.agent?.destroy?.();
    await stack.stop();
    rmSync(stack.folder, { recursive: true });
  }
}

export const family = (pid) => [readProcess(pid), ...descendants(pid)].filter((process) => process !== null);

/** CPU seconds of a process and all its descendants, those that ended and were waited for included. */
export const cpuSeconds = (pid) => family(pid).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;

/** Samples the memory of a process and its descendants; shared pages count once. */
function watchPeak(pid) {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, family(pid).reduce((sum, process) => sum + proportionalSize(process), 0));
  };
  const timer = setInterval(look, 200);
  return {
    stop() {
      look();
      clearInterval(timer);
      return peak;
    },
  };
}

function proportionalSize({ pid, rss }) {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024;
  } catch {
    return rss;
  }
}
