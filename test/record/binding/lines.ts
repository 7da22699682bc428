/** Steps whose ops are asked for on lines with a comment: the tests look for that comment through stack and source map. */
import fs, { promises as fsp } from 'node:fs';
import { join } from 'node:path';

const finished = (stream: fs.WriteStream): Promise<void> => new Promise((resolve) => stream.on('close', () => resolve()));

export const steps = [
  {
    run: (d: string): void => {
      fs.writeFileSync(join(d, 'f'), 'text'); // a synchronous call
    },
  },
  {
    run: async (d: string): Promise<void> => {
      await Promise.resolve();
      await fsp.writeFile(join(d, 'f'), 'text'); // an awaited call
    },
  },
  {
    run: (d: string): Promise<void> => fsp.writeFile(join(d, 'f'), 'text'), // a call that is returned
  },
  {
    run: (d: string): Promise<void> =>
      new Promise((resolve) => {
        fs.writeFile(join(d, 'f'), 'text', () => resolve()); // a callback
      }),
  },
  {
    run: (d: string): Promise<void> => {
      const stream = fs.createWriteStream(join(d, 'f')); // a write stream
      stream.end('text');
      return finished(stream);
    },
  },
  {
    run: async (d: string): Promise<void> => {
      const handle = await fsp.open(join(d, 'f'), 'w'); // an awaited FileHandle
      await handle.write('text'); // its write
      await handle.sync(); // its sync
      await handle.close(); // its close
    },
  },
  {
    before: (d: string): void => {
      fs.mkdirSync(join(d, 'a/b'), { recursive: true });
      fs.writeFileSync(join(d, 'a/b/f'), '');
    },
    run: (d: string): Promise<void> => fsp.rm(join(d, 'a'), { recursive: true }), // a recursive rm
  },
];
