/** Stores as they are found in the field, which lose or keep what they promised when their process quits. CommonJS modules. */

const FILE = `const fs = require('node:fs');
const path = require('node:path');
const fileIn = (dir) => path.join(dir, 'notes.json');
const read = (dir) => (fs.existsSync(fileIn(dir)) ? JSON.parse(fs.readFileSync(fileIn(dir), 'utf8')) : {});
const replace = (dir, value) => {
  fs.writeFileSync(fileIn(dir) + '.tmp', JSON.stringify(value));
  fs.renameSync(fileIn(dir) + '.tmp', fileIn(dir));
};
`;

const DEBOUNCE = `${FILE}
let timer, pending;
const flush = () => {
  if (pending !== undefined) replace(pending.dir, pending.value);
  pending = undefined;
};
const later = (dir, value, ms = 20) => {
  pending = { dir, value };
  clearTimeout(timer);
  return (timer = setTimeout(flush, ms));
};
const load = (dir) => (pending === undefined ? read(dir) : pending.value);
`;

/** A save resolves, and is written when there was none for a while. */
export const DEBOUNCED = `${DEBOUNCE}
module.exports = { save: (dir, value) => void later(dir, value), load };
`;

/** Its mend: what is pending is written when the process is asked to quit. */
export const FLUSHED = `${DEBOUNCE}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
process.on('exit', flush);
module.exports = { save: (dir, value) => void later(dir, value), load };
`;

/** Another: the save resolves when it is written. */
export const WRITTEN_FIRST = `${DEBOUNCE}
module.exports = { save: (dir, value) => new Promise((resolve) => { later(dir, value); setTimeout(resolve, 40); }), load };
`;

/** Not enough: at the end of the event loop there is nothing left to flush, and a signal never comes that far. */
export const BEFORE_EXIT_ONLY = `${DEBOUNCE}
process.on('beforeExit', flush);
module.exports = { save: (dir, value) => void later(dir, value, 60_000).unref(), load };
`;

/** As signal-exit does it: no listener for \`exit\`, but another \`process.emit\` and \`process.reallyExit\`. */
export const PATCHED = `${DEBOUNCE}
const emit = process.emit;
process.emit = (event, ...rest) => {
  if (event === 'exit') flush();
  return emit.call(process, event, ...rest);
};
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, function again() {
    flush();
    if (process.listenerCount(signal) === 1) {
      process.removeListener(signal, again);
      process.kill(process.pid, signal);
    }
  });
module.exports = { save: (dir, value) => void later(dir, value), load };
`;

/** Writes every second, for ever, and once more when it is asked to quit. */
export const AUTOSAVED = `${DEBOUNCE}
setInterval(flush, 1_000);
process.on('SIGTERM', () => { flush(); process.exit(0); });
module.exports = { save: (dir, value) => void (pending = { dir, value }), load };
`;

/** Resolves when the value is written; a signal waits for the save that is under way. */
export const WAITS = `${FILE}
let current = Promise.resolve();
process.on('SIGTERM', () => current.finally(() => process.exit(0)));
module.exports = {
  save: (dir, value) =>
    (current = fs.promises
      .writeFile(fileIn(dir) + '.tmp', JSON.stringify(value))
      .then(() => fs.promises.rename(fileIn(dir) + '.tmp', fileIn(dir)))),
  load: read,
};
`;

/** Takes the signal for itself, and its process goes on. */
export const STAYS = `${FILE}
process.on('SIGTERM', () => {});
module.exports = { save: replace, load: read };
`;

/** Writes at exit what it believes to know, over what was saved. */
export const SPOILS = `${FILE}
const cache = {};
let last;
process.on('exit', () => last && fs.writeFileSync(fileIn(last), JSON.stringify(cache)));
module.exports = { save: (dir, value) => { last = dir; replace(dir, value); }, load: read };
`;

/** Handles nothing, and writes in place. */
export const IN_PLACE = `${FILE}
module.exports = { save: (dir, value) => fs.promises.writeFile(fileIn(dir), JSON.stringify(value)), load: read };
`;

/** Swallows every error. */
export const SURVIVES = `${FILE}
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
module.exports = { save: replace, load: read };
`;

/** The same, and something goes on and on. */
export const TICKS_ON = `${STAYS}
setInterval(() => {}, 100);
`;
