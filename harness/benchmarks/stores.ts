/** Stores with bugs that take three steps to show, as source text. */
export interface Bodies {
  readonly top?: string;
  readonly load?: string;
  readonly save?: string;
  readonly update?: string;
}

/** The source of a store that replaces its file and forces it to disk. Bodies may use `read`, `replace` and `isEmpty`. */
export function storeWith(bodies: Bodies): string {
  const { top = '', load = 'return read(dir);', save = 'replace(dir, value);', update = 'replace(dir, change(read(dir)));' } = bodies;
  return `
  const fs = require('node:fs');
  const file = (dir) => dir + '/value';
  const read = (dir) => (fs.existsSync(file(dir)) ? JSON.parse(fs.readFileSync(file(dir), 'utf8')) : {});
  const isEmpty = (value) => Object.keys(value).length === 0;
  const replace = (dir, value) => {
    const temp = fs.openSync(file(dir) + '.tmp', 'w', 0o600);
    fs.writeSync(temp, JSON.stringify(value));
    fs.fsyncSync(temp);
    fs.closeSync(temp);
    fs.renameSync(file(dir) + '.tmp', file(dir));
    const parent = fs.openSync(dir, 'r');
    fs.fsyncSync(parent);
    fs.closeSync(parent);
  };
  ${top}
  module.exports = {
    load: (dir) => { ${load} },
    save: (dir, value) => { ${save} },
    update: (dir, change) => { ${update} },
  };`;
}

/** An update takes an empty store for one that it failed to read, and helps itself to what it saved before: save, reset, update. */
export const RESURRECTS = storeWith({
  top: 'let known;',
  save: 'replace(dir, value); if (!isEmpty(value)) known = value;',
  update: 'const value = read(dir); replace(dir, change(isEmpty(value) && known !== undefined ? known : value));',
});

/** Every third save of a process is written in place. */
export const THIRD_IN_PLACE = storeWith({
  top: `let saves = 0;
  const put = (dir, value) => {
    saves += 1;
    if (saves % 3 !== 0) replace(dir, value);
    else fs.writeFileSync(file(dir), JSON.stringify(value));
  };`,
  save: 'put(dir, value);',
  update: 'put(dir, change(read(dir)));',
});
