/**
 * XML as text. It is well-formed whatever bytes a store puts into names and messages: what XML 1.0 does not allow is shown as an escape.
 */

interface Attributes {
  /** Left out where it is undefined. */
  readonly [name: string]: string | number | undefined;
}

/** `children` are XML already. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : ` ${key}="${attribute(String(value))}"`,
  );
  const opened = `<${name}${written.join('')}`;
  return children.length === 0 ? `${opened}/>` : `${opened}>${children.join('')}</${name}>`;
}

/** The text of an element. */
export function characters(text: string): string {
  return text
    .replace(NOT_ALLOWED, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Without an escape, a reader replaces line breaks within an attribute by spaces. */
const attribute = (text: string): string => characters(text).replace(/[\t\n]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Every character but those of https://www.w3.org/TR/xml/#charsets; also the control characters from 7F to 9F, which it discourages. */
const NOT_ALLOWED = /[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
