// Longer values of others that hold one that is looked for, such as `joann@x.example` for `ann@x.example`: no occurrence of it.
// In a raw file columns touch, so that only who knows the longer value can tell.
import { FOLD } from './needle-store.ts'

/** Whether what stands from `start` to `end` is a part of one of them. */
export type IsWithin = (bytes: Uint8Array, start: number, end: number) => boolean

export function withinOf(longer: readonly string[]): IsWithin {
  const folded = longer.map((text) => Buffer.from(text).map((byte) => FOLD[byte] as number))
  return (bytes, start, end) => folded.some((each) => isPartOf(each, bytes, start, end))
}

function isPartOf(longer: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  for (let offset = 0; offset + end - start <= longer.length; offset++) {
    const from = start - offset
    if (from >= 0 && from + longer.length <= bytes.length && stands(longer, bytes, from)) return true
  }
  return false
}

function stands(text: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < text.length; at++) if (FOLD[bytes[from + at] as number] !== text[at]) return false
  return true
}
