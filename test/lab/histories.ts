/** Stores with bugs that take several steps to show. */
import { storeWith } from '../../harness/benchmarks/stores.ts';

/** No bug. */
export const SOUND = storeWith({});

/** Nothing is forced to disk. */
export const UNSYNCED = SOUND.replaceAll('fs.fsyncSync(', 'void (');

/** A save of what is there already is skipped, whoever wrote it and whether or not it is on disk: a crash before the fsync, then that save. */
export const SKIPS_UNSYNCED = storeWith({
  save: 'if (JSON.stringify(read(dir)) !== JSON.stringify(value)) replace(dir, value);',
});

/** A process that has loaded saves no second session. */
export const FORGETS_AFTER_LOAD = storeWith({
  top: 'let loaded = false;',
  load: 'loaded = true; return read(dir);',
  save: `if (!loaded || value['agent:main:b'] === undefined) replace(dir, value);`,
});

/** What follows on a failure is long: each of its calls may fail too. */
export const CLEANS_UP = storeWith({
  top: `const put = (dir, value) => {
    try { replace(dir, value); } catch (error) {
      for (let times = 0; times < 40; times += 1) fs.rmSync(file(dir) + '.tmp', { force: true });
      throw error;
    }
  };`,
  save: 'put(dir, value);',
  update: 'put(dir, change(read(dir)));',
});

/** A read that fails passes for an empty store. */
export const READS_NOTHING = storeWith({
  top: 'const tried = (dir) => { try { return read(dir); } catch { return {}; } };',
  load: 'return tried(dir);',
  update: 'replace(dir, change(tried(dir)));',
});

/** An update of an empty store fails. */
export const REJECTS = storeWith({
  update: `if (isEmpty(read(dir))) throw new Error('nothing to update'); replace(dir, change(read(dir)));`,
});

/** On Windows, a rename that is refused passes for done. */
export const TAKES_REFUSAL = storeWith({
  top: `const put = (dir, value) => {
    fs.writeFileSync(file(dir) + '.tmp', JSON.stringify(value));
    try { fs.renameSync(file(dir) + '.tmp', file(dir)); } catch (error) { if (process.platform !== 'win32') throw error; }
  };`,
  save: 'put(dir, value);',
  update: 'put(dir, change(read(dir)));',
});
