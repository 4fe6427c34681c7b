// Prints what the first screen weighs, and fails when it weighs too much.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 60;
const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');
/** Sums up what the page itself asks for; other screens come when somebody goes there. */
const weigh = (ending) =>
  [...page.matchAll(/(?:src|href)="\/?(assets\/[^"]+)"/g)]
    .filter(([, name]) => name.endsWith(ending))
    .reduce((sum, [, name]) => sum + gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length, 0) / 1000;

const script = weigh('.js');
console.log(`first screen, gzipped: ${script.toFixed(1)} kB of script (limit ${LIMIT_KB}), ${weigh('.css').toFixed(1)} kB of style`);
if (script === 0 || script > LIMIT_KB) process.exit(1);
