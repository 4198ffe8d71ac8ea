// When backups were taken, also those that were pruned since: the achieved recovery point is the longest pause between two.
import { z } from 'zod'
import type { Domain } from '../../database/domains.ts'
import type { Store } from './store.ts'
import type { Manifest } from './types.ts'

export const HISTORY_DAYS = 8
const DAY_MS = 86_400_000

const History = z.array(z.iso.datetime())

const nameOf = (domain: Domain): string => `history-${domain}.json`

/** Times of backups in the last days, oldest first; empty where it is missing or cannot be read. */
export async function readHistory(store: Store, domain: Domain): Promise<readonly string[]> {
  try {
    const parsed = History.safeParse(JSON.parse((await store.readText(nameOf(domain))) ?? '[]'))
    return parsed.success ? parsed.data : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

export async function addToHistory(store: Store, { domain, takenAt }: Manifest): Promise<void> {
  const since = new Date(Date.parse(takenAt) - HISTORY_DAYS * DAY_MS).toISOString()
  const times = [...(await readHistory(store, domain)), takenAt].filter((time) => time >= since)
  await store.putText(nameOf(domain), JSON.stringify(times))
}
