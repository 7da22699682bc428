/** Realistic values: a map of chat sessions. The same letter and time give the same value. */
import { createHash } from 'node:crypto';
import type { Json } from '../domain/trace.ts';

const CHANNELS = ['telegram', 'slack', 'discord', 'signal', 'webchat'] as const;
const PAGE_BYTES = 4096;
/** Whom the last channel answers: characters of two and three bytes, which a store may count as one. */
const RECIPIENT = 'Zoë☕';

/** Five sessions. `pages` > 0 pads each so that the JSON is longer than that many pages. */
export function sessions(letter: string, now: number, pages: number): { readonly [key: string]: Json } {
  return Object.fromEntries(
    CHANNELS.map((channel, index) => [`agent:main:${channel}:group:-100${index}`, session(letter, channel, now, pages, index)]),
  );
}

/** One session under a key of its own, as `update` adds it. */
export function oneSession(letter: string, now: number): { readonly [key: string]: Json } {
  return { [`agent:main:main:${letter}`]: session(letter, 'webchat', now, 0, 0) };
}

function session(letter: string, channel: string, now: number, pages: number, index: number): Json {
  const id = createHash('sha1').update(`${letter}/${channel}`).digest('hex');
  const padding = pages === 0 ? {} : { skillsSnapshot: id.repeat(Math.ceil((pages * PAGE_BYTES) / CHANNELS.length / id.length)) };
  return {
    sessionId: id.slice(0, 12),
    updatedAt: now - index * 1000,
    channel,
    lastTo: `${channel === 'webchat' ? RECIPIENT : channel}:${letter}`,
    revision: letter,
    ...padding,
  };
}
