// Prints what the first screen weighs, and fails when it weighs too much.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 60;
const folder = new URL('../dist/assets/', import.meta.url);
const weigh = (ending) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length, 0) / 1000;

const script = weigh('.js');
console.log(`first screen, gzipped: ${script.toFixed(1)} kB of script (limit ${LIMIT_KB}), ${weigh('.css').toFixed(1)} kB of style`);
if (script > LIMIT_KB) process.exit(1);
