// From where on a figure is worth a finding. Tests set them lower; nothing else does.

export interface Limits {
  /** A message that waits longer is late, and then overdue. Milliseconds. */
  readonly lateMs: number
  readonly overdueMs: number
  /** SQLite cuts the log back to 64 MiB after each whole checkpoint (connections.ts): a larger one could not be emptied. */
  readonly walBytes: number
  /** Free pages: worth a word above this share of the file, if it is more than so many bytes. */
  readonly freeShare: number
  readonly freeBytes: number
  /** Space on the disk below which writes will soon fail. */
  readonly diskBytes: number
  /** How long what a restore or a repair put aside may lie around. Milliseconds. */
  readonly keptMs: number
}

export const LIMITS: Limits = {
  lateMs: 60_000,
  overdueMs: 3_600_000,
  walBytes: 64 << 20,
  freeShare: 0.25,
  freeBytes: 16 << 20,
  diskBytes: 256 << 20,
  keptMs: 7 * 86_400_000,
}
