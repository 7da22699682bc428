import { readdirSync } from 'node:fs';

/** What the gallery runs, and what a command in this directory does unless it says otherwise. */
export default {
  store: readdirSync('stores').map((file) => `./stores/${file}`),
  scenario: ['replace'],
  model: ['process-kill', 'power-loss:ext4', 'power-loss:xfs', 'power-loss:btrfs', 'io-error'],
};
