// A process of its own: reads files portion by portion and counts where needles lie. Its input is `{paths, needles}` as in
// search.ts, its output what was found. node search-child.ts
import { closeSync, openSync, readSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Needle, Searched } from './search.ts'

const PORTION = 4 * 1_048_576

const { paths, needles } = JSON.parse(await text(process.stdin)) as { paths: string[]; needles: Needle[] }
const lead = Math.max(0, ...needles.flatMap(({ forms, within }) => [...forms, ...within].map(({ length }) => length)))

function searchFile(path: string): Searched | undefined {
  const file = openIfThere(path)
  if (file === undefined) return undefined
  try {
    const [buffer, hits] = [Buffer.alloc(PORTION), {} as Record<number, number>]
    let [bytes, before, from] = [0, '', 0]
    for (;;) {
      const read = readSync(file, buffer, 0, PORTION, bytes)
      bytes += read
      const window = before + buffer.toString('latin1', 0, read).toLowerCase()
      // What begins in the last bytes is counted with the next portion, which brings what stands behind it.
      const until = read === 0 ? window.length : Math.max(0, window.length - lead)
      count(window, from, until, hits)
      if (read === 0) return { path, bytes, hits }
      const kept = Math.max(0, until - lead)
      before = window.slice(kept)
      from = Math.max(from, until) - kept
    }
  } finally {
    closeSync(file)
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function count(window: string, from: number, until: number, hits: Record<number, number>): void {
  for (const [number, { forms, within }] of needles.entries()) {
    for (const [index, form] of forms.entries()) {
      for (let at = window.indexOf(form, from); at >= 0 && at < until; at = window.indexOf(form, at + 1)) {
        if (index === 0 && within.some((longer) => covers(window, at, form, longer))) continue
        hits[number] = (hits[number] ?? 0) + 1
      }
    }
  }
}

function covers(window: string, at: number, form: string, longer: string): boolean {
  for (let offset = longer.indexOf(form); offset >= 0; offset = longer.indexOf(form, offset + 1)) {
    if (at >= offset && window.startsWith(longer, at - offset)) return true
  }
  return false
}

process.stdout.write(JSON.stringify(paths.flatMap((path) => searchFile(path) ?? [])))
