// Keeps `@retain` while a server runs, without anybody who remembers to call `gogga purge`. Space is not given back here: new rows
// fill it.
import type { Files } from '../../database/clients.ts'
import { purgeStep } from './purge.ts'

const EVERY_MS = 3_600_000

/** Since the start of the process. */
export interface PurgeFigures {
  readonly rows: number
  /** When nothing was due any more for the last time. */
  readonly doneAt: Date | undefined
}

export interface PurgeJob {
  readonly name: 'purge'
  readonly everyMs: number
  /** Steps until nothing is due, or until it is to stop. */
  run(stop: AbortSignal): Promise<void>
  figures(): PurgeFigures
}

export interface PurgeJobOptions {
  readonly files: Files
  readonly now: () => Date
  /** After a run that removed something. */
  readonly onPurged: (purged: { readonly rows: number }) => void
}

export function purgeJob({ files, now, onPurged }: PurgeJobOptions): PurgeJob {
  let figures: PurgeFigures = { rows: 0, doneAt: undefined }
  return {
    name: 'purge',
    everyMs: EVERY_MS,
    figures: () => figures,
    async run(stop) {
      const before = figures.rows
      try {
        for (let step = 1; step > 0 && !stop.aborted; ) {
          step = await purgeStep(files, now())
          figures = { ...figures, rows: figures.rows + step }
          if (step === 0) figures = { ...figures, doneAt: now() }
        }
      } finally {
        const rows = figures.rows - before
        if (rows > 0) onPurged({ rows })
      }
    },
  }
}
