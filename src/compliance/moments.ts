// Times for people to read.

const SAST_MS = 2 * 3_600_000

/** `2026-11-23 06:45:06 SAST (UTC+02:00)`, of RFC 3339; there is no daylight saving in South Africa. */
export const momentText = (time: string): string => {
  const moved = new Date(Date.parse(time) + SAST_MS).toISOString()
  return `${moved.slice(0, 10)} ${moved.slice(11, 19)} SAST (UTC+02:00)`
}
