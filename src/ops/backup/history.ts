// When backups were taken, also those that were pruned since: the achieved recovery point is the longest pause between two.
import { z } from 'zod'
import type { Domain } from '../../database/domains.ts'
import type { Store } from './store.ts'
import type { Manifest } from './types.ts'

export const HISTORY_DAYS = 8
const DAY_MS = 86_400_000

const History = z.array(z.iso.datetime())
const Since = z.object({ firstTakenAt: z.iso.datetime() })

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

const sinceOf = (domain: Domain): string => `since-${domain}.json`

/** When the first backup of all was taken, however long ago; undefined before it. */
export async function readSince(store: Store, domain: Domain): Promise<string | undefined> {
  return Since.safeParse(parsed(await store.readText(sinceOf(domain)))).data?.firstTakenAt
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return undefined
  }
}

export async function addToHistory(store: Store, { domain, takenAt }: Manifest): Promise<void> {
  if ((await readSince(store, domain)) === undefined)
    await store.putText(sinceOf(domain), JSON.stringify({ firstTakenAt: takenAt }))
  const since = new Date(Date.parse(takenAt) - HISTORY_DAYS * DAY_MS).toISOString()
  const times = [...(await readHistory(store, domain)), takenAt].filter((time) => time >= since)
  await store.putText(nameOf(domain), JSON.stringify(times))
}
