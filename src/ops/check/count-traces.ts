// A process of its own: how many free pages of a SQLite file hold anything but zeros. node count-traces.ts FILE
// The pages that list the free ones hold numbers and are passed over (SQLite file format, 1.5 "The Freelist").
import { closeSync, openSync, readSync } from 'node:fs'

const HEADER_BYTES = 100
const TRUNK_HEADER_BYTES = 8

function countTraces(path: string): number {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    readSync(file, header, 0, HEADER_BYTES, 0)
    const size = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
    const [page, zero] = [Buffer.alloc(size), Buffer.alloc(size)]
    const read = (number: number) => readSync(file, page, 0, size, (number - 1) * size) === size
    const seen = new Set<number>()
    let traces = 0
    for (let trunk = header.readUInt32BE(32); trunk !== 0 && !seen.has(trunk) && read(trunk); ) {
      seen.add(trunk)
      const [next, count] = [page.readUInt32BE(0), Math.min(page.readUInt32BE(4), size / 4 - 2)]
      const leaves = Array.from({ length: count }, (_, at) => page.readUInt32BE(TRUNK_HEADER_BYTES + 4 * at))
      for (const leaf of leaves) if (read(leaf) && !page.equals(zero)) traces += 1
      trunk = next
    }
    return traces
  } finally {
    closeSync(file)
  }
}

const [path = ''] = process.argv.slice(2)
process.stdout.write(String(countTraces(path)))
