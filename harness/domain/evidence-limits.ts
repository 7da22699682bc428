/** How much evidence is kept. The page says it too, and has no room for the schema. */

/** Cases of a cell that evidence is kept of: violations in the order of the result. A page says so of the others. */
export const CASES_WITH_EVIDENCE = 200;
/** Of a file's contents so many bytes are kept, not counting long runs of zeros. */
export const CONTENT_BYTES_KEPT = 2048;
/** Of a value, as JSON on several lines, so many characters are kept. */
export const VALUE_CHARACTERS_KEPT = 4096;
