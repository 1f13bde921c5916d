// A code that no table has words for; a file of its own, because drivers need it and not the office's tables.

/** `loop_stuck.left` as "loop stuck left"; words that a person wrote stay as they are. */
export function readable(code: string): string {
  return /^[A-Za-z0-9_.-]+$/.test(code)
    ? code
        .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
        .replace(/[._-]+/g, " ")
        .trim()
        .toLowerCase()
    : code;
}
