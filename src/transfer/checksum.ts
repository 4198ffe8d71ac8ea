// An order-independent checksum over typed rows: the sum, modulo 2^256, of the SHA-256 of each row. Two tables have the
// same sum when they hold the same rows, whatever their order; a row that stands twice counts twice.
import { hash } from 'node:crypto'
import { type Cell, encodeCell } from './cells.ts'
import { instantOf } from './times.ts'

const LANES = 8
const LANE = 2 ** 32
/** Lanes are doubles, exact to 2^53: so many 32-bit numbers fit before the carry must be taken. */
const MOST_ADDED = 2 ** 20

/** Text of a row that says the storage class and length of each value; times that are exact count as instants. */
export function encodeRow(cells: readonly Cell[], times: readonly boolean[]): string {
  let text = ''
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at] as Cell
    const instant = times[at] ? instantOf(cell) : undefined
    text += instant === undefined ? encodeCell(cell) : `T${instant}`
  }
  return text
}

export class Checksum {
  readonly #lanes = new Float64Array(LANES)
  #added = 0
  rows = 0

  add(row: string): void {
    const digest = hash('sha256', row, 'buffer')
    for (let lane = 0; lane < LANES; lane++) {
      const at = lane * 4
      this.#lanes[lane] =
        (this.#lanes[lane] as number) +
        ((digest[at] as number) * 0x1000000 +
          (((digest[at + 1] as number) << 16) | ((digest[at + 2] as number) << 8) | (digest[at + 3] as number)))
    }
    this.rows += 1
    this.#added += 1
    if (this.#added === MOST_ADDED) this.#carry()
  }

  /** 64 hexadecimal digits. */
  digest(): string {
    this.#carry()
    return [...this.#lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('')
  }

  #carry(): void {
    let carry = 0
    for (let lane = LANES - 1; lane >= 0; lane--) {
      const sum = (this.#lanes[lane] as number) + carry
      carry = Math.floor(sum / LANE)
      this.#lanes[lane] = sum % LANE
    }
    this.#added = 0
  }
}
